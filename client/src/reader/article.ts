// An article as the server rendered it, and what the page reads from it.

import { LOCALE, ZONE } from "./words.ts";

/** Parse an article; the server has escaped or allowed all that is in it. */
export function parse(html: string): HTMLElement {
  const template = document.createElement("template");
  template.innerHTML = html;
  const article = template.content.querySelector<HTMLElement>("article");
  if (!article) throw new Error("a message without an article");
  return article;
}

/** Let a new or changed article catch the eye for a moment. */
export function highlight(article: HTMLElement): void {
  article.classList.add("fresh");
}

/** What the list of key events says of a post. */
export interface Heading {
  readonly title: string;
  readonly url: string;
  /** The time as the article shows it, or null where it shows none. */
  readonly time: HTMLTimeElement | null;
  /** The day of that, "" where there is none. */
  readonly day: string;
}

export function heading(article: HTMLElement): Heading {
  const link = article.querySelector<HTMLAnchorElement>("a.permalink");
  return {
    title: article.getAttribute("aria-label") ?? "",
    url: link?.getAttribute("href") ?? "",
    time: link?.querySelector("time") ?? null,
    day: article.dataset.day ?? "",
  };
}

/** The day of a time, as the server writes it. */
export function day(time: string): string {
  return new Date(time).toLocaleDateString(LOCALE, { dateStyle: "long", timeZone: ZONE });
}

/** A time in the form in which the server writes those of the articles: `14:05` in the blog's zone. */
export function clock(time: string): HTMLTimeElement {
  const element = document.createElement("time");
  element.dateTime = time;
  const shown = new Date(time).toLocaleTimeString(LOCALE, { timeStyle: "short", timeZone: ZONE });
  element.textContent = shown.replace(/\s/g, "\u00a0");
  return element;
}
