// The time as the server has it: a reader's clock may be wrong, by a day or by a time zone.

const TRUST = 30 * 60_000; // ms: measured again when the page is looked at after so long,
const SLEPT = 2_000; // or when the monotonic clock stood still for so long while the other went on

let offset: number | undefined; // of the server's clock to this browser's monotonic one
let measured = { wall: 0, monotonic: 0 };

/** Milliseconds since 1970 on the server's clock; undefined until it was heard. */
export function serverTime(): number | undefined {
  return offset === undefined ? undefined : performance.now() + offset;
}

/** Ask what time it is, unless that is known well enough. */
export async function measure(): Promise<void> {
  if (offset !== undefined && trusted()) return;
  const before = performance.now();
  try {
    const answer = await fetch("/healthz", { method: "HEAD", cache: "no-store" });
    const date = Date.parse(answer.headers.get("date") ?? "");
    const age = 1000 * Number(answer.headers.get("age") ?? 0);
    if (Number.isNaN(date)) return;
    // The header's seconds are cut off: on average half of one.
    offset = date + age + 500 - (before + performance.now()) / 2;
    measured = { wall: Date.now(), monotonic: performance.now() };
  } catch {
    // no network: what was known stays known
  }
}

function trusted(): boolean {
  const passed = performance.now() - measured.monotonic;
  return passed < TRUST && Math.abs(Date.now() - measured.wall - passed) < SLEPT;
}
