// A button on each post that hands on its address; what it does is fetched when it is pressed.

import { heading } from "./article.ts";
import type { Told } from "./told.ts";
import { words } from "./words.ts";

const SHARER = "/static/share.js";

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
  const { handOn } = (await import(SHARER)) as typeof import("../share/main.ts");
  await handOn({ title, url: new URL(url, location.href).href }, button, told);
}
