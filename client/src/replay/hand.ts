// Hands the moment on, as posts are handed on.

import type { Told } from "../reader/told.ts";
import { element } from "../reader/words.ts";
import { handOn as share } from "../share/main.ts";

/** Let the button share what `address` says when it is pressed. */
export function handOn(address: () => string, told: Told): void {
  const button = element("hand");
  button.hidden = false;
  button.addEventListener("click", () => {
    void share({ title: document.title, url: address() }, button, told);
  });
}
