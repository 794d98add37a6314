// Wall clocks: a time as somebody in a time zone writes it, and the instant that is.

/** The instant at which the clocks of a zone show `2025-06-24T14:05`; of two such, the first. */
export function instant(wall: string, zone: string): Date {
  const asUtc = Date.parse(`${wall}Z`);
  if (Number.isNaN(asUtc)) throw new RangeError(`not a time: ${wall}`);
  // The offset is that of the instant sought, so it is looked for from both sides of a change.
  const candidates = [asUtc - DAY, asUtc + DAY].map((near) => asUtc - offset(near, zone));
  const right = candidates.find((candidate) => candidate + offset(candidate, zone) === asUtc);
  return new Date(right ?? Math.max(...candidates)); // a time the clocks skip: after the gap
}

/** What the clocks of a zone show: `2025-06-24T14:05`. */
export function wall(time: Date, zone: string): string {
  const shown = new Date(time.getTime() + offset(time.getTime(), zone));
  return shown.toISOString().slice(0, 16);
}

const DAY = 86_400_000;

/** Milliseconds a zone is ahead of UTC. */
function offset(time: number, zone: string): number {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  const parts = Object.fromEntries(format.formatToParts(time).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(time / 1000) * 1000;
}
