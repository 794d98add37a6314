// Finding and filling the places that the templates of the desk leave.

import { Refusal, Unanswered } from "./api.ts";

export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found as T;
}

/** The place called so inside an element. */
export function slot<T extends HTMLElement = HTMLElement>(within: ParentNode, name: string): T {
  const found = within.querySelector<T>(`[data-slot="${name}"]`);
  if (!found) throw new Error(`no slot ${name}`);
  return found;
}

/** A fresh copy of what a template holds. */
export function copy<T extends HTMLElement>(template: string): T {
  return byId<HTMLTemplateElement>(template).content.firstElementChild?.cloneNode(true) as T;
}

/** Show a text, or hide its place if there is none. */
export function fill(place: HTMLElement, text: string): void {
  place.textContent = text;
  place.hidden = text === "";
}

/** Fill a place with a note after what it is: its words run as they are written. */
export function note(place: HTMLElement, label: string, text: string): void {
  const words = document.createElement("bdi");
  words.textContent = text;
  place.replaceChildren(label, words);
  place.hidden = text === "";
}

export type Kind = "info" | "error" | "warning";

export function say(place: HTMLElement, text: string, kind: Kind = "info"): void {
  fill(place, text);
  place.dataset.kind = kind;
}

/** Say why something did not happen, and what to do. */
export function explain(place: HTMLElement, error: unknown): void {
  if (error instanceof Refusal && error.status === 401) {
    say(place, "Your session has ended. Nothing you typed is lost. ", "warning");
    const link = document.createElement("a");
    link.href = "/desk";
    link.target = "_blank";
    link.textContent = "Log in in another tab";
    place.append(link, ", then press the button again.");
  } else if (error instanceof Unanswered) {
    say(place, `${error.message} What you typed is kept: press the button again to make sure.`, "warning");
  } else if (error instanceof Refusal) {
    say(place, `Not done: ${error.message}`, "error");
  } else {
    say(place, "Something went wrong in this page. What you typed is kept: copy it and reload.", "error");
    throw error;
  }
}

/**
 * Where somebody's doing took the element away that had the focus, hidden or removed: give it to the
 * first of these that can be seen, or a keyboard would be back at the beginning of the page.
 */
export function refocus(within: ParentNode, ...selectors: string[]): void {
  const held = document.activeElement;
  if (held && held !== document.body && held.checkVisibility()) return;
  const found = selectors.flatMap((selector) => [...within.querySelectorAll<HTMLElement>(selector)]);
  found.find((element) => element.checkVisibility())?.focus();
}

/** Run something during which an element is not pressed or typed into: no key would be kept. */
export async function busy(element: HTMLElement, run: () => Promise<void>): Promise<void> {
  if (element.getAttribute("aria-busy") === "true") return;
  lock(element, true);
  try {
    await run();
  } finally {
    lock(element, false);
  }
}

function lock(element: HTMLElement, locked: boolean): void {
  element.setAttribute("aria-busy", String(locked));
  for (const control of element.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>("input, textarea")) {
    // Read-only where that is possible: it keeps the cursor in its place.
    if (/^(checkbox|file)$/.test(control.type)) control.disabled = locked;
    else control.readOnly = locked;
  }
}
