// The deck: the buttons, the clock and the lists of the replay. It shows how the tape stands, and
// tells it what the viewer wants; what the server wrote as links works here without a reload.

import { element, LOCALE, say, ZONE } from "../reader/words.ts";
import { offset } from "./axis.ts";
import { KINDS, type Marks } from "./marks.ts";
import type { Tape } from "./tape.ts";
import { day, seconds } from "./times.ts";

const SILENCE = 120; // seconds of the day: longer ones are skipped where the viewer wants that
const GRACE = 2_000; // ms: who goes back while it plays does not mean what has just happened

export class Deck {
  private readonly clock = element("clock").querySelector("time") as HTMLTimeElement;
  private readonly day = element("day");
  private readonly speed = element("speed") as HTMLSelectElement;
  private readonly silences = element("silences") as HTMLInputElement;
  private readonly speeds = [...this.speed.options].map(({ value }) => Number(value));

  constructor(
    private readonly tape: Tape,
    private readonly marks: () => Marks,
    private readonly fastest: () => number,
    private readonly address: (moment: number) => string,
  ) {
    for (const control of [element("play") as HTMLButtonElement, this.speed, this.silences]) control.disabled = false;
    element("play").addEventListener("click", () => this.turn());
    this.speed.addEventListener("change", () => this.set(Number(this.speed.value)));
    this.silences.addEventListener("change", () => tape.skipSilences(this.silences.checked ? SILENCE : null));
    element("player").addEventListener("click", (event) => this.lead(event));
    element("go-to").closest("details")?.addEventListener("toggle", () => this.fill());
    element("go-to").addEventListener("focus", () => this.fill());
    element("player").addEventListener("submit", () => this.fill(), { capture: true });
    closeLists();
  }

  /** Play, or stand still; from the beginning where it is over. */
  turn(): void {
    const { tape } = this;
    if (tape.playing) return tape.pause();
    if (tape.ended && this.marks().after(tape.moment) === undefined) tape.seek(this.marks().from);
    tape.play();
  }

  earlier(): void {
    this.go(this.before());
  }

  later(): void {
    this.go(this.marks().after(this.tape.moment));
  }

  /** By so many milliseconds of the day. */
  pass(milliseconds: number): void {
    const { from, to } = this.marks();
    this.go(Math.min(to, Math.max(from, this.tape.moment + milliseconds)));
  }

  /** One step faster, or slower. */
  shift(steps: number): void {
    const next = this.speeds.findIndex((speed) => speed >= this.tape.speed) + steps;
    const speed = this.speeds[Math.min(this.speeds.length - 1, Math.max(0, next))];
    if (speed !== undefined) this.set(speed);
  }

  skip(): void {
    this.silences.click();
  }

  /** Key events that were withdrawn are named no more. */
  prune(): void {
    for (const link of document.querySelectorAll<HTMLElement>("#chapters [data-post]")) {
      if (this.marks().isGone(link.dataset.post ?? "")) link.closest("li")?.remove();
    }
  }

  /** Say in words and numbers what the picture of the day shows. */
  count(): void {
    for (const place of document.querySelectorAll<HTMLElement>("#player [data-count]")) {
      const kind = KINDS.find((each) => each === place.dataset.count);
      if (kind) place.textContent = this.marks().count(kind).toLocaleString(LOCALE);
    }
  }

  show(): void {
    const { moment, playing, ended, speed } = this.tape;
    say("play", playing ? "playing" : ended ? "ended" : "paused");
    element("player").dataset.state = playing ? "playing" : "paused";
    write(this.clock, seconds(moment));
    write(this.day, day(moment));
    this.clock.dateTime = new Date(moment).toISOString();
    this.choose(speed);
    this.offer("earlier", this.before());
    this.offer("later", this.marks().after(moment));
  }

  private before(): number | undefined {
    const grace = this.tape.playing ? GRACE * this.tape.speed : 0;
    return this.marks().before(this.tape.moment - grace);
  }

  /** A link to another moment; where there is none it stays, since it may have the focus. */
  private offer(id: string, moment: number | undefined): void {
    const link = element(id) as HTMLAnchorElement;
    link.href = this.address(moment ?? this.tape.moment);
    link.ariaDisabled = String(moment === undefined);
  }

  /** Forms go on from where the replay is, not from where the page began; what was typed stays. */
  private fill(): void {
    const { moment, speed } = this.tape;
    const wall = new Date(moment + offset(moment, ZONE)).toISOString();
    (element("go-to") as HTMLInputElement).defaultValue = wall.slice(0, 19);
    for (const field of document.querySelectorAll<HTMLInputElement>('#player input[type="hidden"]')) {
      if (field.name === "at") field.value = new Date(moment).toISOString();
      if (field.name === "speed") field.value = String(speed);
    }
  }

  private set(speed: number): void {
    this.tape.setSpeed(Math.min(speed, this.fastest()));
    this.show();
  }

  private choose(speed: number): void {
    if (Number(this.speed.value) === speed) return;
    const known = [...this.speed.options].find(({ value }) => Number(value) === speed);
    if (known) known.selected = true;
    else this.speed.add(new Option(`${speed}×`, String(speed), true, true));
  }

  private go(moment: number | undefined): void {
    if (moment !== undefined) this.tape.seek(moment);
  }

  private lead(event: MouseEvent): void {
    const link = (event.target as Element).closest<HTMLAnchorElement>("a[href]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (link.id !== "earlier" && link.id !== "later" && !link.dataset.moment) return;
    event.preventDefault();
    if (link.id === "earlier") this.earlier();
    else if (link.id === "later") this.later();
    else this.jump(link);
  }

  /** To a key event; the list that it was chosen from has done its work, and playing comes next. */
  private jump(link: HTMLAnchorElement): void {
    this.go(Date.parse(link.dataset.moment ?? ""));
    element("play").focus();
    close(link.closest("details"));
  }
}

function write(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** The lists close by Escape, and when something else is clicked; only one is open. */
function closeLists(): void {
  const open = (): HTMLDetailsElement[] => [...document.querySelectorAll<HTMLDetailsElement>("#player details[open]")];
  document.addEventListener("click", ({ target }) => {
    for (const list of open()) if (!list.contains(target as Node)) list.open = false;
  });
  document.addEventListener("keydown", ({ key }) => {
    if (key === "Escape") open().forEach(close);
  });
}

/** Close a list; who was in it goes on from its button. */
function close(list: HTMLDetailsElement | null): void {
  if (list?.contains(document.activeElement)) list.querySelector("summary")?.focus();
  if (list) list.open = false;
}
