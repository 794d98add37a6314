// Hands the moment on: by the system's own sheet, else as a copied address.

import type { Told } from "../reader/told.ts";
import { element, words } from "../reader/words.ts";

const SHOWN = 2_000; // ms

/** Let the button share what `address` says when it is pressed. */
export function handOn(address: () => string, told: Told): void {
  const button = element("hand");
  const label = button.textContent ?? "";
  const share = async (): Promise<void> => {
    const shared = { title: document.title, url: address() };
    try {
      if (navigator.share) return await navigator.share(shared);
      await navigator.clipboard.writeText(shared.url);
    } catch {
      return; // the viewer changed his mind, or lets no page do this
    }
    button.textContent = words("copied");
    told.say(words("copied"));
    setTimeout(() => (button.textContent = label), SHOWN);
  };
  button.hidden = false;
  button.addEventListener("click", () => void share());
}
