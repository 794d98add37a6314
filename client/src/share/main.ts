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
  } catch (error) {
    if ((error as DOMException).name === "AbortError") return; // the reader changed his mind
  }
  if (await copied(shared.url, button)) sayCopied(button, told);
  else told.say(words("copy_this"));
}

/** Copy it in one way or another. Where no way is open, a field that has it stays beside the button. */
async function copied(url: string, button: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(url);
    return true;
  } catch {
    // no secure context, or the browser lets no page do this
  }
  const field = fieldWith(url);
  button.after(field);
  field.focus();
  field.select();
  const done = document.execCommand("copy"); // of old, but it needs no secure context
  if (done) button.focus({ preventScroll: true }); // with that the field goes
  return done;
}

/** It is there until the reader goes on. */
function fieldWith(url: string): HTMLInputElement {
  const field = document.createElement("input");
  field.className = "address";
  field.readOnly = true;
  field.value = url;
  field.ariaLabel = field.title = words("copy_this");
  field.addEventListener("blur", () => field.remove());
  return field;
}

function sayCopied(button: HTMLElement, told: Told): void {
  const label = (button.dataset.label ??= button.textContent ?? "");
  button.textContent = words("copied");
  told.say(words("copied"));
  setTimeout(() => (button.textContent = label), SHOWN);
}
