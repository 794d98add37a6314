// The hours below a scrubber: round times of the day, on the clock of the blog's zone. Pure.

import type { Scale } from "./scale.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR),
  ...[1, 2, 7, 14, 28, 91, 364].map((days) => days * DAY),
];

/** A time to be named; `day` where its day says more than its hour. */
export interface Tick {
  readonly at: number;
  readonly day: boolean;
}

/**
 * Round times, the same distance apart: about `most`, and one where the scale goes on after a cut.
 * That one names a day, and needs the room before it too.
 */
export function ticksOf({ parts, length }: Scale, most: number, zone: string): Tick[] {
  const step = STEPS.find((each) => length / each < most);
  if (step === undefined) return [];
  const found: Tick[] = [];
  for (const { from, to, start, end, cut } of parts) {
    if (cut) {
      const room = length / most - (end - start);
      const before = found[found.length - 1];
      if (before && !before.day && from - before.at < room) found.pop();
      continue;
    }
    const clear = start > 0 ? [{ at: from, day: true }] : [];
    const next = clear.length > 0 ? from + 0.8 * step : from;
    found.push(...clear, ...rounds(next, to, step, zone));
  }
  return found;
}

/** The round times from one moment to another, in milliseconds since 1970. */
function rounds(from: number, to: number, step: number, zone: string): Tick[] {
  const found: Tick[] = [];
  // Every so many of the wall's hours: the zone may change its own in between.
  const wall = from + offset(from, zone);
  for (let round = Math.ceil(wall / step) * step; ; round += step) {
    const at = round - offset(round - offset(from, zone), zone);
    if (at > to) return found;
    if (at >= from) found.push({ at, day: step >= DAY || round % DAY === 0 });
  }
}

/** Milliseconds by which a zone's clock is ahead of UTC at a time. */
export function offset(at: number, zone: string): number {
  const parts = new Intl.DateTimeFormat("en-u-ca-gregory-nu-latn", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  }).formatToParts(at);
  const part = (type: string): number => Number(parts.find((each) => each.type === type)?.value);
  const wall = Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second"));
  return wall - Math.floor(at / 1_000) * 1_000;
}
