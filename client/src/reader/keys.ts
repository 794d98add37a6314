// The list of key events: a line for each, highest order first, linking to its post.

import type { KeyEvent } from "../messages.ts";
import { clock, day, type Heading } from "./article.ts";
import { separateDays } from "./days.ts";
import { type Entry, List } from "./list.ts";

const MOST = 100; // as many as the server lists

export class Keys {
  private readonly list: List;

  constructor(private readonly nav: HTMLElement) {
    this.list = new List(nav.querySelector("ol") as HTMLElement, "key-");
  }

  put(entry: Entry, { title, url, ...when }: Heading): void {
    const link = document.createElement("a");
    link.href = url;
    link.dataset.day = when.day;
    if (when.time) link.append(when.time.cloneNode(true), " ");
    link.append(title);
    this.list.put(entry, link);
    this.list.items().slice(MOST).forEach((item) => item.remove());
    this.show();
  }

  remove(id: string): void {
    this.list.remove(id);
    this.show();
  }

  /** Start over with the lines of a snapshot. */
  renew(keys: readonly KeyEvent[]): void {
    this.list.keep([]);
    for (const { id, order, title, url, published_at } of keys) {
      const when = published_at === null
        ? { time: null, day: "" }
        : { time: clock(published_at), day: day(published_at) };
      this.put({ id, order, version: 0 }, { title: title || (this.nav.dataset.untitled ?? ""), url, ...when });
    }
    this.show();
  }

  private show(): void {
    separateDays(this.list.element);
    this.nav.hidden = this.list.items().length === 0;
  }
}
