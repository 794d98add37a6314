// Where a moment is on the scrubber. A day is drawn as long as it was, but nights between days are
// cut short: a correction a week later must not press the day itself into a corner. Pure.

import type { Marks } from "./marks.ts";

const SILENCE = 3 * 3_600_000; // ms in which nothing happened, as long as they are shown in full
const CUT = 15 * 60_000; // ms that a longer one is shown as

/** A part of a day: its moments in milliseconds since 1970, and where it begins and ends as shown. */
export interface Part {
  readonly from: number;
  readonly to: number;
  readonly start: number;
  readonly end: number;
  readonly cut: boolean;
}

export class Scale {
  readonly parts: readonly Part[];
  /** Milliseconds that are shown, never 0. */
  readonly length: number;

  constructor({ from, to, times }: Pick<Marks, "from" | "to" | "times">) {
    const parts: Part[] = [];
    let start = 0;
    const add = (first: number, last: number, cut: boolean): void => {
      const end = start + (cut ? CUT : last - first);
      parts.push({ from: first, to: last, start, end, cut });
      start = end;
    };
    let began = from;
    let before = from;
    for (const time of [...times.filter((each) => each > from && each < to), to]) {
      if (time - before > SILENCE) {
        add(began, before, false);
        add(before, time, true);
        began = time;
      }
      before = time;
    }
    add(began, to, false);
    this.parts = parts;
    this.length = Math.max(1, start);
  }

  /** Where a moment is, from 0 to `length`. */
  place(moment: number): number {
    const part = this.parts.find(({ to }) => moment <= to) ?? (this.parts[this.parts.length - 1] as Part);
    const share = part.to > part.from ? (moment - part.from) / (part.to - part.from) : 0;
    return part.start + Math.min(1, Math.max(0, share)) * (part.end - part.start);
  }

  /** The moment at a place. */
  moment(place: number): number {
    const part = this.parts.find(({ end }) => place <= end) ?? (this.parts[this.parts.length - 1] as Part);
    const share = part.end > part.start ? (place - part.start) / (part.end - part.start) : 0;
    return part.from + Math.min(1, Math.max(0, share)) * (part.to - part.from);
  }
}
