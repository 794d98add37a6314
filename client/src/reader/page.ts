// The page of a blog: takes the messages of the log and keeps its lists as the server would render them.

import type { BlogMessage, Item, ReaderMessage, Snapshot } from "../messages.ts";
import { heading, highlight, parse } from "./article.ts";
import { separateDays } from "./days.ts";
import { offerTags } from "./filters.ts";
import { keepingFocus } from "./focus.ts";
import { forget } from "./head.ts";
import { Keys } from "./keys.ts";
import { List } from "./list.ts";
import { settle } from "./still.ts";
import { Stretch } from "./stretch.ts";
import type { Told } from "./told.ts";
import { Unread } from "./unread.ts";
import { element, LOCALE, say } from "./words.ts";

const PAGE = 30; // posts of a snapshot, if there are as many

export class Page {
  readonly stretch: Stretch;
  private own: string | undefined; // the post whose own address this is
  private readonly posts: List;
  private readonly pinned = new List(element("pinned").querySelector("ol") as HTMLElement, "pinned-");
  private readonly keys = new Keys(element("keys"));
  private readonly unread: Unread;
  private readonly withdrawn = new Set<string>();
  private readonly known = new Set<string>(); // of those that came since: told of already

  /** `since` is the place of the log that the page was made of, `told` says what happens to it. */
  constructor(
    main: HTMLElement,
    private since: number,
    private readonly told: Told,
  ) {
    this.stretch = new Stretch(main);
    this.own = main.dataset.post;
    this.posts = new List(element("posts"), "post-", this.stretch.oldestFirst);
    this.unread = new Unread();
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
        return this.change(() => this.describe(message));
      case "post":
        return this.put(message);
      case "retract":
        return this.change(() => this.remove(message.id), { now: true });
      case "snapshot":
        return this.renew(message);
    }
  }

  /** Put posts into the list that were loaded, but none that was withdrawn meanwhile; until they are there. */
  extend(items: readonly Element[], how: () => void): Promise<void> {
    const put = (): void => {
      how();
      for (const item of items as HTMLElement[]) {
        const { id = "", order = "", version } = item.dataset;
        const entry = { id, order, version: Number(version) };
        if (!this.withdrawn.has(id) && !this.posts.has(entry)) this.posts.put(entry, ...item.childNodes);
      }
    };
    return new Promise((done) => this.change(put, { stays: true }, done));
  }

  /** So many more wait to be taken. */
  hold(count: number): void {
    this.unread.hold(count);
  }

  /** Say how many are reading; null where the blog does not show it. */
  private count(viewers: number | null): void {
    const place = element("viewers");
    place.hidden = viewers === null;
    if (viewers !== null) (place.firstElementChild as HTMLElement).textContent = viewers.toLocaleString(LOCALE);
  }

  private change(how: () => void, when: Parameters<typeof settle>[2] = {}, done?: () => void): void {
    const change = (): void => {
      how();
      separateDays(this.posts.element, this.stretch.oldestFirst);
      separateDays(this.pinned.element);
      element("pinned").hidden = this.pinned.items().length === 0;
    };
    const after = (): void => {
      this.unread.look();
      dispatchEvent(new Event("posts"));
      done?.();
    };
    settle(() => keepingFocus(change), after, when);
  }

  private put(item: Item): void {
    const article = parse(item.html);
    const before = this.posts.get(item.id) ?? this.pinned.get(item.id);
    const isNew = !before && !this.known.has(item.id) && this.isNewer(item.order);
    const isSaid = before ? Number(before.dataset.version) < item.version : isNew;
    const isUnread = isNew && this.stretch.suits(article);
    this.withdrawn.delete(item.id);
    if (isUnread) this.known.add(item.id);
    if (isUnread || (isSaid && before)) this.told.count(isUnread ? "new" : "changed");
    // It may have to wait: what the page has loaded, and what is unread on it, is so when it is done.
    const show = (): void => {
      if (isUnread) this.unread.add(item.id, item.order, heading(article).url);
      this.show(item, article, this.stretch.includes(item.order, article));
    };
    this.change(show, { joins: !before });
  }

  /** Whether a post was first published after the page was made: the log's place is in its order. */
  private isNewer(order: string): boolean {
    return parseInt(order.split("-")[1] ?? "", 16) > this.since;
  }

  private show(item: Item, article: HTMLElement, here: boolean): void {
    if (item.id === this.own) element("gone").hidden = true; // it was withdrawn, and is back
    if (!here) this.posts.remove(item.id);
    else if (!this.posts.has(item)) this.fill(this.posts, item, article);
    if (!item.pinned) this.pinned.remove(item.id);
    else if (!this.pinned.has(item)) this.fill(this.pinned, item, article);
    if (item.key) this.keys.put(item, heading(article));
    else this.keys.remove(item.id);
    offerTags(article, this.stretch.oldestFirst);
  }

  private fill(list: List, item: Item, article: HTMLElement): void {
    const shown = article.cloneNode(true) as HTMLElement;
    highlight(shown);
    list.put(item, shown);
  }

  private remove(id: string): void {
    this.withdrawn.add(id);
    this.unread.remove(id);
    this.posts.remove(id);
    this.pinned.remove(id);
    this.keys.remove(id);
    if (!this.own || this.own === id) forget();
    if (this.own === id) this.miss();
  }

  /** The post that this page is about is not there any more. */
  private miss(): void {
    document.title = element("title").textContent ?? "";
    element("gone").hidden = false;
    this.told.say(element("gone").textContent?.trim() ?? "");
  }

  /** Drop everything: the first page as it is at that position; what comes after it is new. */
  private renew({ position, posts, pinned, keys, ...blog }: Snapshot): void {
    forget();
    if (!this.stretch.plain) return location.reload(); // a snapshot says nothing of such a list
    this.own = undefined; // it is the blog's page from here on
    document.title = element("title").textContent ?? "";
    this.since = Number(position.split("-")[1]);
    this.known.clear();
    this.change(() => {
      this.unread.clear();
      this.describe(blog);
      this.posts.keep(posts.map(({ id }) => id));
      this.pinned.keep(pinned.map(({ id }) => id));
      for (const item of posts) this.posts.put(item, parse(item.html));
      for (const item of pinned) this.pinned.put(item, parse(item.html));
      this.keys.renew(keys);
      this.stretch.startAtTop(posts.length < PAGE ? undefined : posts[posts.length - 1]?.order);
    });
  }

  private describe({ title, standfirst, status, summary = "" }: Omit<BlogMessage, "type" | "position" | "after">): void {
    const heading = element("title");
    const at = document.title.lastIndexOf(heading.textContent ?? "");
    document.title = document.title.slice(0, Math.max(0, at)) + title; // a post's own, or a tag, stands before it
    heading.textContent = title;
    element("standfirst").textContent = standfirst;
    element("standfirst").hidden = standfirst === "";
    const lines = element("summary").querySelector(".body") as HTMLElement;
    if (lines.innerHTML !== summary) lines.innerHTML = summary; // who is in a link of it stays there
    element("summary").hidden = summary === "";
    say("status", status);
  }
}
