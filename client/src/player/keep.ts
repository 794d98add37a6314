// Puts new content into an element around what plays there: a frame that is moved or taken out for
// a moment loads again, and a video stops.

type Pairs = ReadonlyMap<Node, Element>;

/** Whether something plays that stays; if not, the element is as it was. */
export function fill(home: Element, content: readonly Node[]): boolean {
  const fresh = document.createElement("div");
  fresh.append(...content);
  const cards = playing(home, fresh);
  if (cards.size === 0) return false;
  merge(home, fresh, cards);
  return true;
}

/** The new cards of what plays now, each with the card in which it does. */
function playing(home: Element, fresh: Element): Pairs {
  const found = new Map<Node, Element>();
  for (const stage of home.querySelectorAll(".card > .stage")) {
    const card = stage.parentElement as HTMLElement;
    const same = [...fresh.querySelectorAll<HTMLElement>(".card[data-player]")].find(
      (other) => other.dataset.player === card.dataset.player && !found.has(other),
    );
    if (same) found.set(same, card);
  }
  return found;
}

/** Make the children of an element those of another, but change in place what something plays in. */
function merge(old: Element, fresh: Element, cards: Pairs): void {
  const stay = staying(old, fresh, cards);
  const kept = new Set<Node>(stay.values());
  for (const child of [...old.childNodes]) if (!kept.has(child)) child.remove();
  let next = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    const same = stay.get(child);
    if (!same) {
      old.insertBefore(child, next);
      continue;
    }
    dress(same, child as Element);
    if (cards.has(child)) around(same, child as Element);
    else merge(same, child as Element, cards);
    next = same.nextSibling;
  }
}

/** The children that something plays in on both sides, as far as they come in the same order. */
function staying(old: Element, fresh: Element, cards: Pairs): Pairs {
  const found = new Map<Node, Element>();
  let last: Element | undefined;
  for (const child of fresh.children) {
    const [card, played] = [...cards].find(([card]) => child.contains(card)) ?? [];
    const same = [...old.children].find((other) => played && other.contains(played));
    if (!same || !card || (card === child) !== (played === same)) continue;
    if (last && !(last.compareDocumentPosition(same) & Node.DOCUMENT_POSITION_FOLLOWING)) continue;
    found.set(child, same);
    last = same;
  }
  return found;
}

/** Give an element the attributes of another. */
function dress(old: Element, fresh: Element): void {
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) old.setAttribute(name, value);
}

/** Put what a new card says around the player of the old one. */
function around(old: Element, fresh: Element): void {
  for (const child of [...old.childNodes]) if (!(child as Element).matches?.(".stage")) child.remove();
  old.append(...fresh.childNodes);
}
