// Hands an address on: by the system's own sheet, else as a copy, else in a field to copy it from.
// Fetched when somebody presses a button to share.

import type { Told } from "../reader/told.ts";
import { words } from "../reader/words.ts";

const SHOWN = 2_000; // ms

export interface Shared {
  readonly title: string;
  readonly url: string;
}

/** Hand it on for whoever has pressed `button`, which says so once it was copied. */
export async function handOn(shared: Shared, button: HTMLElement, told: Told): Promise<void> {
  try {
    if (navigator.share) return await navigator.share(shared);
    await navigator.clipboard.writeText(shared.url);
  } catch {
    return; // the reader changed his mind, or lets no page do this
  }
  const label = button.textContent;
  button.textContent = words("copied");
  told.say(words("copied"));
  setTimeout(() => (button.textContent = label), SHOWN);
}
