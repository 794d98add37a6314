// Keeps the keyboard's place when the element that has it is replaced, moved or put in again.

const FOCUSABLE = "a[href], button, summary, input, [tabindex]";

/** Run a change of the page; where a post had the focus, the same place in it has it afterwards. */
export function keepingFocus(change: () => void): void {
  const focused = document.activeElement;
  const home = focused?.closest<HTMLElement>("li[id]");
  if (!focused || !home) return change();
  const place = within(home).indexOf(focused);
  const href = focused.getAttribute("href");
  change();
  if (document.activeElement === focused) return;
  const now = document.getElementById(home.id);
  if (now) (successor(now, place, href) ?? focusable(now)).focus({ preventScroll: true });
}

function within(home: Element): Element[] {
  return [...home.querySelectorAll(FOCUSABLE)];
}

/** The same link, wherever it is now; else whatever stands in its place. */
function successor(home: HTMLElement, place: number, href: string | null): HTMLElement | undefined {
  const candidates = within(home) as HTMLElement[];
  return candidates.find((each) => href !== null && each.getAttribute("href") === href) ?? candidates[place];
}

function focusable(home: HTMLElement): HTMLElement {
  home.tabIndex = -1;
  return home;
}
