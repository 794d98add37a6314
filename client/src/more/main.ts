// Loads "Older updates" and "Newer updates" into the page: fetched by client/src/reader/more.ts when
// one of the links is followed. Their addresses work by themselves, and where something goes wrong
// the link is followed.

import { isBefore } from "../position.ts";
import type { Page } from "../reader/page.ts";

const TRIES = 3;
const AGAIN = 400; // ms: a cache on the way may be a second behind

/** The position up to which this page knows the log. */
type Position = () => string;

/** What this entry of the history had loaded, and where its reader was. */
export interface Left {
  readonly pages: number;
  readonly y: number;
}

let pages = 0; // of older ones that were loaded

/** Load what a link leads to: #more to what is below, #newer to what is above. */
export async function follow(link: HTMLAnchorElement, page: Page, position: Position): Promise<void> {
  if (link.hasAttribute("aria-busy")) return;
  link.setAttribute("aria-busy", "true");
  try {
    await (link === page.stretch.more ? older : newer)(link, page, position);
  } catch {
    location.assign(link.href);
  } finally {
    link.removeAttribute("aria-busy");
  }
}

/** Load again what was loaded when the reader left by a link, and go to where he was. */
export async function comeBack(left: Left, page: Page, position: Position): Promise<void> {
  const { more } = page.stretch;
  while (pages < left.pages && !more.hidden) await older(more, page, position);
  scrollTo({ top: left.y, behavior: "instant" });
}

async function older(link: HTMLAnchorElement, page: Page, position: Position): Promise<void> {
  const there = await fetched(link.href, position);
  const next = there.getElementById("more") as HTMLAnchorElement | null;
  await page.extend(items(there), () => page.stretch.endAt(next?.dataset.last, next?.href ?? link.href));
  if (++pages === 1) addEventListener("pagehide", leave);
}

/** It ends where this page begins, or is the newest of all, with a gap of nothing. */
async function newer(link: HTMLAnchorElement, page: Page, position: Position): Promise<void> {
  const there = await fetched(link.href, position);
  const next = there.getElementById("newer") as HTMLAnchorElement | null;
  const bound = there.getElementById("blog")?.dataset.before;
  await page.extend(items(there), () => {
    page.stretch.beginAt(bound);
    if (next) link.href = next.href;
    else if (!bound) document.getElementById("newest")?.remove();
  });
}

function leave(): void {
  const left: Left = { pages, y: scrollY };
  history.replaceState(left, "");
}

/** A page of this blog that is no older than what is known here. */
async function fetched(address: string, position: Position): Promise<Document> {
  for (let left = TRIES; ; left--) {
    const answer = await fetch(address, { cache: "no-cache" });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const there = new DOMParser().parseFromString(await answer.text(), "text/html");
    const { position: made } = there.getElementById("blog")?.dataset ?? {};
    if (!made) throw new Error("no page of a blog");
    if (left === 1 || !isBefore(made, position())) return there;
    await new Promise((resolve) => setTimeout(resolve, AGAIN));
  }
}

function items(there: Document): Element[] {
  return [...there.querySelectorAll("#posts > li[data-id]")];
}
