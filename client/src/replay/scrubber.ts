// The scrubber: a range input over the picture of the day. It is dragged, touched, and moved by
// the keys of a slider: a minute, ten minutes, the beginning, the end.

import { element, ZONE } from "../reader/words.ts";
import { ticksOf } from "./axis.ts";
import { Chart } from "./chart.ts";
import { Marks } from "./marks.ts";
import { Scale } from "./scale.ts";
import { day, minutes, shortDay } from "./times.ts";

const MINUTE = 60_000;
const KEYS: Readonly<Record<string, number>> = {
  ArrowRight: MINUTE,
  ArrowUp: MINUTE,
  ArrowLeft: -MINUTE,
  ArrowDown: -MINUTE,
  PageUp: 10 * MINUTE,
  PageDown: -10 * MINUTE,
};
const LABEL = 64; // pixels that the name of an hour needs
const SPOKEN = 10_000; // ms: how often a slider that has the focus may say by itself where it is

export class Scrubber {
  private readonly range = element("moment") as HTMLInputElement;
  private readonly chart = new Chart(element("chart"));
  private readonly hours = element("hours");
  private readonly hint = element("hint");
  private marks = new Marks(0, 0, []);
  private scale = new Scale(this.marks);
  private moment = 0;
  private spokenAt = -SPOKEN;

  /** `seek` is told the moment that the viewer wants, in milliseconds since 1970. */
  constructor(private readonly seek: (moment: number) => void) {
    const { range } = this;
    range.addEventListener("input", () => this.move(this.scale.moment(Number(range.value))));
    range.addEventListener("keydown", (event) => this.press(event));
    range.addEventListener("pointermove", (event) => this.point(event));
    range.addEventListener("pointerleave", () => (this.hint.hidden = true));
    new ResizeObserver(() => this.name()).observe(this.hours);
  }

  /** A day, or the same one with more in it. */
  renew(marks: Marks): void {
    this.marks = marks;
    this.scale = new Scale(marks);
    this.range.max = String(this.scale.length);
    this.range.disabled = false;
    this.chart.renew(marks, this.scale);
    this.name();
    this.show(this.moment);
  }

  show(moment: number): void {
    this.moment = moment;
    this.range.value = String(this.scale.place(moment));
    this.chart.show(moment);
    if (performance.now() - this.spokenAt >= SPOKEN) this.speak(moment);
  }

  private speak(moment: number): void {
    this.spokenAt = performance.now();
    this.range.setAttribute("aria-valuetext", `${minutes(moment)}, ${day(moment)}`);
  }

  private move(moment: number): void {
    const { from, to } = this.marks;
    const within = Math.min(to, Math.max(from, moment));
    this.speak(within);
    this.seek(within);
  }

  private press(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { from, to } = this.marks;
    const step = KEYS[event.key];
    const wanted = step ? this.moment + step : { Home: from, End: to }[event.key];
    if (wanted === undefined) return;
    event.preventDefault();
    this.move(wanted);
  }

  /** Say the time that the pointer is at. */
  private point({ offsetX, pointerType }: PointerEvent): void {
    const edge = (this.range.clientWidth - this.chart.width) / 2; // half a thumb
    const share = (offsetX - edge) / Math.max(1, this.chart.width);
    this.hint.hidden = pointerType === "touch" || share < 0 || share > 1;
    this.hint.textContent = minutes(this.scale.moment(share * this.scale.length));
    this.hint.style.left = `${offsetX}px`;
  }

  /** Write the hours below. */
  private name(): void {
    const { width } = this.chart;
    this.hours.replaceChildren(
      ...ticksOf(this.scale, Math.floor(width / LABEL), ZONE).map((tick) => {
        const hour = document.createElement("span");
        hour.textContent = tick.day ? shortDay(tick.at) : minutes(tick.at);
        hour.style.left = `${this.chart.at(tick.at)}px`;
        return hour;
      }),
    );
  }
}
