// What came while nobody looked at its place: a button that leads to it, a number in the tab's title.

import { edges, inSight, scrollUpTo } from "./view.ts";
import { counted, element } from "./words.ts";

const COUNT = /^\(\d+\) /;

export class Unread {
  private readonly ids = new Set<string>();
  private readonly button = element("new");

  /** `home` is where those are that this page has not loaded. */
  constructor(private readonly home: string) {
    this.button.addEventListener("click", () => this.lead());
    addEventListener("scroll", () => this.look(), { passive: true });
    document.addEventListener("visibilitychange", () => this.look());
  }

  add(id: string): void {
    this.ids.add(id);
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
    if (!document.hidden) for (const id of this.ids) if (isSeen(id)) this.ids.delete(id);
    this.show();
  }

  private show(): void {
    const { size } = this.ids;
    this.button.hidden = size === 0;
    if (size > 0) this.button.textContent = counted("new", size);
    const title = document.title.replace(COUNT, "");
    document.title = size > 0 ? `(${size}) ${title}` : title;
  }

  private lead(): void {
    const first = [...document.querySelectorAll<HTMLElement>("#posts > li[data-id]")].find(
      (item) => this.ids.has(item.dataset.id ?? ""),
    );
    if (!first) return location.assign(this.home);
    this.ids.clear();
    this.show();
    jump(first);
  }
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
