// Which part of the timeline this page lists: what the server wrote, and what was loaded since.

import { element } from "./words.ts";

export class Stretch {
  readonly home: string;
  /** Whether the newest stand at the bottom. */
  readonly oldestFirst: boolean;
  readonly tag: string | undefined;
  readonly more = element("more") as HTMLAnchorElement;

  constructor(private readonly main: HTMLElement) {
    const { home, sort, tag } = main.dataset;
    this.home = home ?? location.pathname;
    this.oldestFirst = sort === "oldest";
    this.tag = tag;
  }

  /** Whether it is the first page as everybody has it: newest first, and all of them. */
  get plain(): boolean {
    return !this.oldestFirst && this.tag === undefined;
  }

  /** Whether a post belongs here: by its place, and by its tags. */
  includes(order: string, article: HTMLElement): boolean {
    const { before, after } = this.main.dataset; // what lies outside of these was not loaded
    const { last } = this.more.dataset; // the last order listed, where there are posts below it
    if ((before && order >= before) || (after && order <= after)) return false;
    if (last && (this.oldestFirst ? order > last : order < last)) return false;
    return this.suits(article);
  }

  /** Whether a post has the tag that this page is about, if it is about one. */
  suits(article: HTMLElement): boolean {
    return this.tag === undefined || tags(article).includes(this.tag);
  }

  /** It is the first page now, and ends with that order; undefined if that is all there is. */
  startAtTop(last: string | undefined): void {
    if (this.main.dataset.before !== undefined) {
      delete this.main.dataset.before;
      document.getElementById("newest")?.remove();
      history.replaceState(null, "", this.home);
    }
    this.endAt(last, last === undefined ? this.home : `${this.home}?before=${encodeURIComponent(last)}`);
  }

  /** What is above that order is not here; undefined if nothing is missing there. */
  beginAt(before: string | undefined): void {
    if (before === undefined) delete this.main.dataset.before;
    else this.main.dataset.before = before;
  }

  /** Below that order there are more, at that address; undefined if there are none. */
  endAt(last: string | undefined, address: string): void {
    this.more.hidden = last === undefined;
    this.more.href = address;
    if (last === undefined) delete this.more.dataset.last;
    else this.more.dataset.last = last;
  }
}

function tags(article: HTMLElement): (string | null)[] {
  return [...article.querySelectorAll(".tags > li")].map((tag) => tag.textContent);
}
