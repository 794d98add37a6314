// The page of a blog: takes the messages of the log and keeps its lists as the server would render them.

import type { BlogMessage, Item, ReaderMessage, Snapshot } from "../messages.ts";
import { heading, highlight, parse } from "./article.ts";
import { separateDays } from "./days.ts";
import { keepingFocus } from "./focus.ts";
import { Keys } from "./keys.ts";
import { List } from "./list.ts";

const PAGE = 30; // posts of a snapshot, if there are as many

export class Page {
  private readonly posts = new List(element("posts"), "post-");
  private readonly pinned = new List(element("pinned").querySelector("ol") as HTMLElement, "pinned-");
  private readonly keys: Keys;
  private readonly more = element("more") as HTMLAnchorElement;

  constructor(private readonly main: HTMLElement) {
    this.keys = new Keys(element("keys"), main.dataset.timeZone ?? "UTC");
  }

  /** Take one message in; types it does not know change nothing. */
  take(message: ReaderMessage): void {
    switch (message.type) {
      case "hello":
        say("status", message.status);
        return this.count(message.viewers);
      case "viewers":
        return this.count(message.count);
      case "blog":
        return this.describe(message);
      case "post":
        return this.change(() => this.put(message));
      case "retract":
        return this.change(() => this.remove(message.id));
      case "snapshot":
        return this.change(() => this.renew(message));
    }
  }

  /** Say how many are reading; null where the blog does not show it. */
  private count(viewers: number | null): void {
    const place = element("viewers");
    place.hidden = viewers === null;
    if (viewers !== null) (place.firstElementChild as HTMLElement).textContent = viewers.toLocaleString();
  }

  private change(how: () => void): void {
    keepingFocus(() => {
      how();
      separateDays(this.posts.element);
      element("pinned").hidden = this.pinned.items().length === 0;
    });
  }

  private put(item: Item): void {
    const article = parse(item.html);
    if (!this.loaded(item.order)) this.posts.remove(item.id);
    else if (!this.posts.has(item)) this.show(this.posts, item, article);
    if (!item.pinned) this.pinned.remove(item.id);
    else if (!this.pinned.has(item)) this.show(this.pinned, item, article);
    if (item.key) this.keys.put(item, heading(article));
    else this.keys.remove(item.id);
  }

  private show(list: List, item: Item, article: HTMLElement): void {
    const shown = article.cloneNode(true) as HTMLElement;
    highlight(shown);
    list.put(item, shown);
  }

  private remove(id: string): void {
    this.posts.remove(id);
    this.pinned.remove(id);
    this.keys.remove(id);
  }

  /** Drop everything: the first page as it is now. */
  private renew({ posts, pinned, keys, ...blog }: Snapshot): void {
    this.describe(blog);
    this.posts.clear();
    this.pinned.clear();
    for (const item of posts) this.posts.put(item, parse(item.html));
    for (const item of pinned) this.pinned.put(item, parse(item.html));
    this.keys.renew(keys);
    this.startAtTop(posts.length < PAGE ? undefined : posts[posts.length - 1]?.order);
  }

  /** Whether a place lies in the part of the list that this page has. */
  private loaded(order: string): boolean {
    const { before } = this.main.dataset; // on an older page: the order that it ends below
    const { last } = this.more.dataset; // the last order loaded, where there are posts below it
    return (before === undefined || order < before) && (last === undefined || order >= last);
  }

  private startAtTop(last: string | undefined): void {
    if (this.main.dataset.before !== undefined) {
      delete this.main.dataset.before;
      document.getElementById("newest")?.remove();
      history.replaceState(null, "", location.pathname);
    }
    this.more.hidden = last === undefined;
    delete this.more.dataset.last;
    if (last === undefined) return;
    this.more.dataset.last = last;
    this.more.href = `?before=${encodeURIComponent(last)}`;
  }

  private describe({ title, standfirst, status }: Pick<BlogMessage, "title" | "standfirst" | "status">): void {
    document.title = element("title").textContent = title;
    element("standfirst").textContent = standfirst;
    element("standfirst").hidden = standfirst === "";
    say("status", status);
  }
}

/** Show which of the sentences that the server wrote into an element is true now, if any. */
export function say(id: string, state: string): void {
  for (const sentence of element(id).querySelectorAll<HTMLElement>("[data-when]")) {
    sentence.hidden = sentence.dataset.when !== state;
  }
}

function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}
