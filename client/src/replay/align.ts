// How a recording and a day belong together. Pure; moments in milliseconds since 1970, times of the
// recording in seconds.

/** As fast as browsers play, and as slowly as a replay does. */
export const FASTEST = 16;
export const SLOWEST = 0.1;

/** A recording that began so many seconds after the day did. */
export interface Alignment {
  readonly from: number;
  readonly offset: number;
}

/** The moment of the day at which the recording is. */
export function momentOf(time: number, { from, offset }: Alignment): number {
  return from + (time + offset) * 1_000;
}

/** Where the recording is at a moment; before its beginning that is less than 0. */
export function timeOf(moment: number, { from, offset }: Alignment): number {
  return (moment - from) / 1_000 - offset;
}

/** The offset with which the recording is at `time` just then. */
export function offsetFor(moment: number, time: number, from: number): number {
  return Math.round(((moment - from) / 1_000 - time) * 10) / 10;
}

/** Whether a recording of that length has something at a time. */
export function covers(time: number, duration: number): boolean {
  return time >= 0 && time < duration;
}

/** Whether two times are too far apart to be the same: by more than a second of the viewer's. */
export function apart(one: number, other: number, rate: number): boolean {
  return Math.abs(one - other) > Math.max(1, rate);
}
