// Keeps what is read where it is, whatever comes, changes, goes or loads around it.
//
// The browser's own scroll anchoring is off: it loses its hold when the very post it holds on to is
// replaced, does not work at the top, and does not exist everywhere.

import { edges, inSight, scrolledTo, scrollOn, seenHeight } from "./view.ts";

const BLOCKS = "#blog > :not(.float), .updates > *, #pinned ol > li, #posts > li, #keys ol > li, body > footer";
const POSTS = "#pinned ol > li, #posts > li[data-id]";
const SLIDE = 300; // ms
const LONGEST = 5 * SLIDE; // to wait for a frame: out of sight they may stop coming
const FLOOD = 40; // changes that wait: more of them come at once, whatever they are
const EDGE = 48; // pixels of the list that may be out of sight at its top

/** Where something stood: its upper edge in what is seen, and for a post its place in the list. */
interface Place {
  readonly top: number;
  readonly seen: boolean;
  readonly order: string | undefined;
}

interface Waiting {
  readonly change: () => void;
  readonly after: () => void;
  readonly stays: boolean;
  readonly joins: boolean;
}

const calm = matchMedia("(prefers-reduced-motion: reduce)");
const waiting: Waiting[] = [];
let resting = 0; // how much of what was done last is not yet seen as it is to be
let shiftedTo: number | undefined; // the scroll position that is ours, and not the reader's
let heldAt = 0; // the scroll position at which it was taken hold of
let held: { readonly item: HTMLElement; readonly top: number } | undefined;

/** Hold still from now on, also when pictures and fonts arrive. */
export function holdStill(): void {
  document.documentElement.style.overflowAnchor = "none";
  addEventListener("scroll", scrolled, { passive: true });
  document.addEventListener("visibilitychange", () => proceed());
  new ResizeObserver(() => {
    if (resting) return; // where things are to be is known
    if (held?.item.isConnected && !atTop()) shift(edges(held.item).top - held.top);
    else hold();
  }).observe(document.body);
}

function scrolled(): void {
  if (scrolledTo() === shiftedTo) return;
  shiftedTo = undefined;
  if (resting) held = undefined;
  else hold();
}

/**
 * Change the page. Who reads further down keeps what is in the window where it is; who is at the
 * top sees the rest make room, unless the page `stays` there too. While something slides, the next
 * change waits: but what must not wait is done `now`, and all before it. What only adds to the page
 * `joins` others of its kind. `after` runs once it is done.
 */
export function settle(
  change: () => void,
  after: () => void,
  { stays = false, now = false, joins = false } = {},
): void {
  waiting.push({ change, after, stays, joins });
  proceed(now);
}

function proceed(now = false): void {
  while (waiting.length > 0 && (now || document.hidden || !resting)) {
    perform(waiting[0]?.stays || document.hidden || !atTop());
  }
}

/** Let nothing else happen until something is over, and the window shows it. */
function restUntil(over: Promise<unknown>): void {
  resting += 1;
  const longest = new Promise((resolve) => setTimeout(resolve, LONGEST));
  void Promise.race([over.then(painted), longest]).then(() => {
    resting -= 1;
    proceed();
  });
}

function painted(): Promise<void> {
  return new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
}

/**
 * At the top all that waits comes at once, and slides. Else only those that join do: they scroll,
 * while others may slide. Where both happen in one frame Chromium takes them for a shift, although
 * nothing is seen to jump.
 */
function perform(stays: boolean): void {
  catchUp();
  const before = places();
  const from = scrolledTo();
  const due = waiting.splice(0, stays && waiting.length < FLOOD ? joining() : waiting.length);
  for (const { change } of due) change();
  if (!stays || !keep(before, due.some(({ stays }) => stays))) hold();
  slide(before, scrolledTo() - from);
  restUntil(Promise.resolve());
  for (const { after } of due) after();
}

/** How many of those that wait can be done together. */
function joining(): number {
  const alone = waiting.findIndex(({ joins }) => !joins);
  return alone < 0 ? waiting.length : Math.max(1, alone);
}

function atTop(): boolean {
  const list = document.getElementById("posts");
  return scrolledTo() <= 0 || (list !== null && edges(list).top > -EDGE);
}

function places(): Map<HTMLElement, Place> {
  const blocks = document.querySelectorAll<HTMLElement>(BLOCKS);
  return new Map([...blocks].map((block) => [block, placeOf(block)]));
}

function placeOf(block: HTMLElement): Place {
  const place = edges(block);
  const { top, bottom } = place;
  return { top, seen: inSight(place) && bottom > top, order: block.dataset.order };
}

/**
 * Scroll so that what was held is where it was; where it went or moved, the next post that was in
 * sight; where none was and posts were `loaded`, the next one below. Whether it is the one that was
 * held: then nothing adds up, since pixels are whole.
 */
function keep(before: ReadonlyMap<HTMLElement, Place>, loaded: boolean): boolean {
  const stayed = ({ dataset, isConnected }: HTMLElement, { order }: Place): boolean =>
    isConnected && dataset.order === order;
  const was = held && before.get(held.item);
  if (held && was && stayed(held.item, was)) {
    shift(edges(held.item).top - held.top);
    return true;
  }
  const posts = [...before].filter(([block]) => block.matches(POSTS));
  const seen = posts.filter(([, { seen }]) => seen);
  const below = posts.filter(([, { top }]) => loaded && top >= seenHeight());
  const found = [...seen.filter(([, { top }]) => top >= 0), ...seen, ...below].find(([block, place]) => stayed(block, place));
  if (found) shift(edges(found[0]).top - found[1].top);
  return false;
}

/** A message may come between the reader's scrolling and the event that tells of it. */
function catchUp(): void {
  if (scrolledTo() !== heldAt) hold();
}

function shift(pixels: number): void {
  if (Math.abs(pixels) < 1) return;
  scrollOn(pixels);
  shiftedTo = heldAt = scrolledTo();
  restUntil(Promise.resolve());
}

/** Let what moved within the window slide from where it was. Transforms shift no layout. */
function slide(before: ReadonlyMap<HTMLElement, Place>, scrolled: number): void {
  if (calm.matches || document.hidden) return;
  const carried = new Map<Element, number>(); // by how much its own slide and those around it move it
  const slides: [HTMLElement, number][] = [];
  for (const [block, was] of before) {
    if (!block.isConnected) continue;
    const now = placeOf(block);
    const moved = was.top - now.top;
    const around = block.parentElement?.closest(BLOCKS);
    const already = (around && carried.get(around)) ?? 0;
    // What only holds others moves with the scrolling, as they do not.
    const own = (block.localName === "li" ? moved : smaller(moved, moved - scrolled)) - already;
    const visible = (was.seen || now.seen) && Math.abs(own) >= 1;
    carried.set(block, visible ? already + own : already);
    if (visible) slides.push([block, own]);
  }
  if (slides.length === 0) return;
  const animations = slides.map(([block, own]) => {
    const from = { transform: `translateY(${own}px)` };
    return block.animate([from, { transform: "none" }], { duration: SLIDE, easing: "ease-out" }).finished;
  });
  restUntil(Promise.allSettled(animations));
}

function smaller(a: number, b: number): number {
  return Math.abs(a) < Math.abs(b) ? a : b;
}

/** Remember the first post whose beginning is in the window, else the one that fills it. */
function hold(): void {
  let filling: typeof held;
  held = undefined;
  heldAt = scrolledTo();
  for (const item of document.querySelectorAll<HTMLElement>(POSTS)) {
    const { top, bottom } = edges(item);
    if (bottom <= 0 || bottom === top) continue;
    if (top >= 0) {
      held = top < seenHeight() ? { item, top } : filling;
      return;
    }
    filling = { item, top };
  }
  held = filling;
}
