// What came while nobody looked at its place: a button that leads to it, a number in the tab's title.

import { edges, inSight, scrollUpTo } from "./view.ts";
import { counted, element } from "./words.ts";

const COUNT = /^\(\d+\) /;

export class Unread {
  private readonly ids = new Map<string, { readonly order: string; readonly url: string }>();
  private readonly button = element("new");
  private held = 0;

  constructor() {
    this.button.addEventListener("click", () => this.lead());
    addEventListener("scroll", () => this.look(), { passive: true });
    document.addEventListener("visibilitychange", () => this.look());
  }

  /** `url` is where it is if this page has not loaded its place. */
  add(id: string, order: string, url: string): void {
    this.ids.set(id, { order, url });
  }

  /** So many more wait until the reader wants them. */
  hold(count: number): void {
    this.held = count;
    this.show();
  }

  remove(id: string): void {
    this.ids.delete(id);
  }

  /** Nothing of what was there is there any more. */
  clear(): void {
    this.ids.clear();
  }

  /** Take those for read that are in sight, and show how many are not. */
  look(): void {
    if (!document.hidden) for (const id of this.ids.keys()) if (isSeen(id)) this.ids.delete(id);
    this.show();
  }

  private show(): void {
    const { size } = this.ids;
    this.button.hidden = size === 0;
    if (size > 0) this.button.textContent = counted("new", size);
    const title = document.title.replace(COUNT, "");
    const all = size + this.held;
    document.title = all > 0 ? `(${all}) ${title}` : title;
  }

  private lead(): void {
    const here = [...document.querySelectorAll<HTMLElement>("#posts > li[data-id]")].filter(
      (item) => this.ids.has(item.dataset.id ?? ""),
    );
    const [first] = here;
    if (!first) return follow(this.newest());
    for (const { dataset } of here) this.ids.delete(dataset.id ?? "");
    this.show();
    jump(first);
  }

  private newest(): string {
    return [...this.ids.values()].reduce((one, other) => (one.order > other.order ? one : other)).url;
  }
}

/** As a link would: in another site's page not within its frame. */
function follow(url: string): void {
  const link = document.createElement("a");
  link.href = url;
  link.click();
}

/** Scroll to a post and give it the keyboard. */
export function jump(item: HTMLElement): void {
  scrollUpTo(item);
  item.tabIndex = -1;
  item.focus({ preventScroll: true });
}

function isSeen(id: string): boolean {
  const item = document.getElementById(`post-${id}`);
  return item !== null && inSight(edges(item));
}
