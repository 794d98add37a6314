// The replay's clock: the day's time in the blog's zone, as it reads to the second.

import { LOCALE, ZONE } from "../reader/words.ts";

const SECONDS = new Intl.DateTimeFormat(LOCALE, { timeStyle: "medium", timeZone: ZONE });
const MINUTES = new Intl.DateTimeFormat(LOCALE, { timeStyle: "short", timeZone: ZONE });
const DAY = new Intl.DateTimeFormat(LOCALE, { dateStyle: "long", timeZone: ZONE });
const SHORT_DAY = new Intl.DateTimeFormat(LOCALE, { day: "numeric", month: "short", timeZone: ZONE });

/** `14:05:10` */
export const seconds = (moment: number): string => unbroken(SECONDS.format(moment));
/** `14:05` */
export const minutes = (moment: number): string => unbroken(MINUTES.format(moment));
/** `24 June 2025` */
export const day = (moment: number): string => DAY.format(moment);
/** `24 Jun` */
export const shortDay = (moment: number): string => unbroken(SHORT_DAY.format(moment));

function unbroken(text: string): string {
  return text.replace(/\s/g, "\u00a0");
}
