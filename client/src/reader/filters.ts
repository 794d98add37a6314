// The tags above the list: one that comes with a post is offered at once.

import { element } from "./words.ts";

const MOST = 20; // as many as the server offers

export function offerTags(article: HTMLElement, oldestFirst: boolean): void {
  const list = element("tools").querySelector(".filters") as HTMLElement;
  for (const link of article.querySelectorAll<HTMLAnchorElement>(".tags a")) {
    const offered = [...list.querySelectorAll("[rel]")];
    const tag = link.text;
    if (offered.length >= MOST || offered.some(({ textContent }) => textContent === tag)) continue;
    const filter = document.importNode(link, true); // here its address can be told apart
    if (oldestFirst) filter.search += "&sort=oldest";
    const item = document.createElement("li");
    item.append(filter);
    const next = offered.find(({ textContent }) => tag.localeCompare(textContent ?? "") < 0);
    list.insertBefore(item, next?.parentElement ?? null);
    list.hidden = false;
  }
}
