// The keys of the replay. In a field they are the field's, and the space bar is that of the button
// which has the focus. They can be turned off (WCAG 2.2, 2.1.4), which this browser remembers.

import { recall, remember } from "../reader/memory.ts";
import { element } from "../reader/words.ts";

const KEY = "replay without keys";
const FIELDS = "input:not([type=range], [type=checkbox]), select, textarea, video, audio, [contenteditable]";
const PRESSED = "button, summary, input[type=checkbox]";

/** Let keys do things: by `KeyboardEvent.key`, letters as small ones. */
export function listenToKeys(actions: Readonly<Record<string, () => void>>): void {
  const allowed = element("keyboard") as HTMLInputElement;
  allowed.checked = recall(KEY) === "";
  allowed.addEventListener("change", () => remember(KEY, allowed.checked ? "" : "yes"));
  document.addEventListener("keydown", (event) => {
    const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action || !allowed.checked || event.ctrlKey || event.metaKey || event.altKey) return;
    const taken = event.key === " " ? `${FIELDS}, ${PRESSED}` : FIELDS;
    if (event.defaultPrevented || (event.target as Element).closest(taken)) return;
    event.preventDefault();
    action();
  });
}
