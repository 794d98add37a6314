// "Older updates" and "Newer updates" in place. Their addresses work by themselves, and where
// something goes wrong the link is followed.

import { isBefore } from "../position.ts";
import type { Page } from "./page.ts";
import { element } from "./words.ts";

const TRIES = 3;
const AGAIN = 400; // ms: a cache on the way may be a second behind

/** Let the links load in place. `position` says up to where this page knows the log. */
export function loadMore(page: Page, position: () => string): void {
  const { more } = page.stretch;
  const load = async (): Promise<void> => {
    const there = await fetched(more.href, position);
    const next = there.getElementById("more") as HTMLAnchorElement | null;
    page.extend(items(there), () => page.stretch.endAt(next?.dataset.last, next?.href ?? more.href));
    more.dataset.pages = String(Number(more.dataset.pages ?? 0) + 1);
  };
  follow(more, load);
  addEventListener("pagehide", () => leave(more));
  void comeBack(more, load);
  const newer = document.getElementById("newer") as HTMLAnchorElement | null;
  if (newer) follow(newer, () => loadNewer(page, newer, position));
}

/** What is above; it ends where this page begins, or is the newest of all, with a gap of nothing. */
async function loadNewer(page: Page, newer: HTMLAnchorElement, position: () => string): Promise<void> {
  const there = await fetched(newer.href, position);
  const next = there.getElementById("newer") as HTMLAnchorElement | null;
  const bound = there.getElementById("blog")?.dataset.before;
  page.extend(items(there), () => {
    page.stretch.beginAt(bound);
    if (next) newer.href = next.href;
    else if (!bound) element("newest").remove();
  });
}

/** What this entry of the history had loaded, and where its reader was. */
interface Left {
  readonly pages: number;
  readonly y: number;
}

function leave(more: HTMLAnchorElement): void {
  const left: Left = { pages: Number(more.dataset.pages ?? 0), y: scrollY };
  history.replaceState(left.pages > 0 ? left : null, "");
}

/** Load again what was loaded when the reader left by a link, and go to where he was. */
async function comeBack(more: HTMLAnchorElement, load: () => Promise<void>): Promise<void> {
  const left = history.state as Left | null;
  if (!left?.pages) return;
  for (let page = 0; page < left.pages && !more.hidden; page++) await load();
  scrollTo({ top: left.y, behavior: "instant" });
}

function follow(link: HTMLAnchorElement, load: () => Promise<void>): void {
  let busy = false;
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    if (busy) return;
    busy = true;
    link.setAttribute("aria-busy", "true");
    void load()
      .catch(() => location.assign(link.href))
      .finally(() => {
        busy = false;
        link.removeAttribute("aria-busy");
      });
  });
}

/** A page of this blog that is no older than what is known here. */
async function fetched(address: string, position: () => string): Promise<Document> {
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
