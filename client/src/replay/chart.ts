// Draws the picture of a day behind the scrubber: once as it is, and once more, in the accent, as
// far as the replay has come.

import type { Marks } from "./marks.ts";
import type { Scale } from "./scale.ts";
import { type Picture, pictureOf } from "./shapes.ts";

const SVG = "http://www.w3.org/2000/svg";
// Pixels from the top: where a row has its middle, and what the bars stand on.
const ROWS = { key: 6, edit: 45, retract: 56 };
const BASE = 38;
const TALLEST = 24;
const SHORTEST = 5;
const HEIGHT = 62;

export class Chart {
  private readonly svg = node("svg", { focusable: "false" });
  private readonly clip = node("rect", { x: 0, y: 0, height: "100%", width: 0 });
  private marks: Marks | undefined;
  private scale: Scale | undefined;
  private moment = 0;

  constructor(private readonly place: HTMLElement) {
    place.append(this.svg);
    new ResizeObserver(() => this.draw()).observe(place);
  }

  get width(): number {
    return this.place.clientWidth;
  }

  /** Draw another day. */
  renew(marks: Marks, scale: Scale): void {
    this.marks = marks;
    this.scale = scale;
    this.draw();
  }

  /** Where a moment is, in pixels. */
  at(moment: number): number {
    return this.scale ? (this.width * this.scale.place(moment)) / this.scale.length : 0;
  }

  /** The replay has come so far. */
  show(moment: number): void {
    this.moment = moment;
    this.clip.setAttribute("width", this.at(moment).toFixed(1));
  }

  private draw(): void {
    const { marks, scale, width } = this;
    if (!marks || !scale || !width) return;
    const picture = pictureOf(marks.all, width, (moment) => scale.place(moment) / scale.length);
    const cuts = scale.parts.filter(({ cut }) => cut).map(({ from, to }) => this.at((from + to) / 2));
    const clipping = node("clipPath", { id: "so-far" });
    clipping.append(this.clip);
    const seen = node("g", { class: "seen", "clip-path": "url(#so-far)" });
    seen.append(...paths(picture));
    this.svg.replaceChildren(clipping, ...paths(picture), seen, breaks(cuts));
    this.show(this.moment);
  }
}

/** Filled shapes, then those that are drawn as lines. */
function paths({ bars, key, edit, retract }: Picture): SVGElement[] {
  const bar = bars.map(({ x, share }) => {
    const height = SHORTEST + share * (TALLEST - SHORTEST);
    return `M${round(x - 1.5)} ${BASE}v-${round(height)}h3v${round(height)}z`;
  });
  const star = key.map((x) => `M${round(x)} ${ROWS.key - 5}l1.5 3.4 3.6.4-2.7 2.5.8 3.6-3.2-1.9-3.2 1.9.8-3.6-2.7-2.5 3.6-.4z`);
  const ring = edit.map((x) => `M${round(x - 3)} ${ROWS.edit}l3-3 3 3-3 3z`);
  const cross = retract.map((x) => `M${round(x - 3)} ${ROWS.retract - 3}l6 6m-6 0l6-6`);
  return [
    node("path", { d: [...bar, ...star].join("") }),
    node("path", { class: "lines", d: [...ring, ...cross].join("") }),
  ];
}

/** Where the scale is cut. */
function breaks(places: readonly number[]): SVGElement {
  return node("path", { class: "breaks", d: places.map((x) => `M${round(x)} 0v${HEIGHT}`).join("") });
}

function round(pixels: number): string {
  return pixels.toFixed(1);
}

function node(name: string, attributes: Record<string, string | number>): SVGElement {
  const made = document.createElementNS(SVG, name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, String(value));
  return made;
}
