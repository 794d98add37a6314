// A day as a picture: how many posts when, and where something was edited, withdrawn or key. Each
// kind has a row and a shape of its own, so that no colour is needed to tell them apart. Pure.

import type { Kind, Mark } from "./marks.ts";

/** Pixels: a bar and the gap after it, and the room that each other shape takes at least. */
const BAR = 5;
const SHAPE = 9;

/** A bar of posts: the share, from 0 to 1, that it has of the highest. */
export interface Bar {
  readonly x: number;
  readonly share: number;
}

/** What is drawn: for each shape its middle, in pixels from where the day begins. */
export interface Picture {
  readonly bars: readonly Bar[];
  readonly key: readonly number[];
  readonly edit: readonly number[];
  readonly retract: readonly number[];
}

/** A day, `width` pixels wide; `place` says where from 0 to 1 a moment is. What would overlap is one. */
export function pictureOf(marks: readonly Mark[], width: number, place: (moment: number) => number): Picture {
  const counted = (kind: Kind, column: number): Map<number, number> => {
    const columns = Math.max(1, Math.floor(width / column));
    const counts = new Map<number, number>();
    for (const mark of marks) {
      if (mark.kind !== kind) continue;
      const number = Math.min(columns - 1, Math.floor(place(mark.at) * columns));
      const middle = (number + 0.5) * (width / columns);
      counts.set(middle, (counts.get(middle) ?? 0) + 1);
    }
    return counts;
  };
  const row = (kind: Kind): number[] => [...counted(kind, SHAPE).keys()];
  return { bars: barsOf(counted("post", BAR)), key: row("key"), edit: row("edit"), retract: row("retract") };
}

/** The root lets one post be seen beside twenty. */
function barsOf(counts: ReadonlyMap<number, number>): Bar[] {
  const most = Math.max(1, ...counts.values());
  return [...counts].map(([x, count]) => ({ x, share: Math.sqrt(count / most) }));
}
