// A button on each post that hands on its address: by the system's own sheet, else as a copy.

import { heading } from "./article.ts";
import type { Told } from "./told.ts";
import { words } from "./words.ts";

const SHOWN = 2_000; // ms

export function offerSharing(told: Told): void {
  addEventListener("posts", offer);
  offer();
  document.addEventListener("click", ({ target }) => {
    const button = (target as Element).closest<HTMLElement>("button.share");
    if (button) void share(button, told);
  });
}

function offer(): void {
  // Beside the article, not in it: there stands what the server has made, and nothing else.
  for (const item of document.querySelectorAll("li[data-id]:has(> article):not(:has(> .share))")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "share";
    button.textContent = words("share");
    item.append(button);
  }
}

async function share(button: HTMLElement, told: Told): Promise<void> {
  const { title, url } = heading(button.parentElement?.querySelector("article") as HTMLElement);
  const shared = { title, url: new URL(url, location.href).href };
  try {
    if (navigator.share) return await navigator.share(shared);
    await navigator.clipboard.writeText(shared.url);
  } catch {
    return; // the reader changed his mind, or lets no page do this
  }
  button.textContent = words("copied");
  told.say(words("copied"));
  setTimeout(() => (button.textContent = words("share")), SHOWN);
}
