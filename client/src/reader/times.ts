// Times beside those that the server wrote: how long ago it was, and what the reader's own clock
// would have shown.

import { measure, serverTime } from "./clock.ts";
import { LOCALE, ZONE } from "./words.ts";

const MINUTE = 60_000;
const RECENT = 24 * 60 * MINUTE; // older ones are told by their day
const OFTEN = 20_000;

const ago = new Intl.RelativeTimeFormat(LOCALE, { numeric: "auto", style: "narrow" });
const DAY = { weekday: "short" } as const;
const CLOCK = { hour: "2-digit", minute: "2-digit" } as const;
const HERE = new Intl.DateTimeFormat(LOCALE, DAY);
const THERE = new Intl.DateTimeFormat(LOCALE, { ...DAY, timeZone: ZONE });
const HERE_AT = new Intl.DateTimeFormat(LOCALE, { ...DAY, ...CLOCK });
const THERE_AT = new Intl.DateTimeFormat(LOCALE, { ...DAY, ...CLOCK, timeZone: ZONE });
const NAMED = new Intl.DateTimeFormat(LOCALE, { ...CLOCK, timeZoneName: "short" });
const DATED = new Intl.DateTimeFormat(LOCALE, { ...DAY, ...CLOCK, timeZoneName: "short" });
const WHOLE = new Intl.DateTimeFormat(LOCALE, { dateStyle: "full", timeStyle: "long" });

/** Keep the times of the posts true, whoever puts posts into the page. */
export async function keepTime(): Promise<void> {
  addEventListener("posts", tell);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) void measure().then(tell);
  });
  setInterval(tell, OFTEN);
  await measure();
  tell();
}

function tell(): void {
  if (document.hidden) return;
  const now = serverTime();
  for (const time of document.querySelectorAll<HTMLTimeElement>("article time")) {
    time.title ||= WHOLE.format(new Date(time.dateTime));
    const link = time.closest(".permalink");
    if (link) beside(link, [now === undefined ? "" : since(now, Date.parse(time.dateTime)), own(time.dateTime)]);
  }
}

/** Say something beside a time, in elements that are there already if they are. */
function beside(link: Element, said: readonly string[]): void {
  said.forEach((text, index) => {
    const place = link.querySelectorAll(".beside")[index] ?? link.appendChild(document.createElement("span"));
    place.className = "beside";
    if (place.textContent !== text) place.textContent = text;
  });
}

/** `5 min ago`; "" for what is to come or long past. */
export function since(now: number, time: number): string {
  const passed = now - time;
  if (!(passed > -MINUTE && passed < RECENT)) return "";
  const minutes = Math.max(0, Math.floor(passed / MINUTE));
  return minutes < 60 ? ago.format(-minutes, "minute") : ago.format(-Math.floor(minutes / 60), "hour");
}

/** The reader's own clock then, where it shows something else than the blog's; its day if that does. */
function own(dateTime: string): string {
  const time = new Date(dateTime);
  if (HERE_AT.format(time) === THERE_AT.format(time)) return "";
  const form = HERE.format(time) === THERE.format(time) ? NAMED : DATED;
  return form.format(time).replace("-", "\u2011");
}
