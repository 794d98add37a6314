// What of the page is seen. That is its window; but a page in a frame that is as high as itself is
// seen as far as the page around shows it: client/src/embedded tells which band of it that is.

/** In pixels of the window: where what is seen begins, and how high it is. */
export interface Band {
  readonly top: number;
  readonly height: number;
}

const MARGIN = 16; // pixels above what was jumped to

let band: Band | undefined;

addEventListener("band", (event) => {
  band = (event as CustomEvent<Band>).detail;
  dispatchEvent(new Event("scroll"));
});

/** How far the reader has scrolled. */
export function scrolledTo(): number {
  return band?.top ?? scrollY;
}

/** How high what is seen is. */
export function seenHeight(): number {
  return band?.height ?? innerHeight;
}

/** Where something stands in what is seen. */
export function edges(element: Element): { readonly top: number; readonly bottom: number } {
  const { top, bottom } = element.getBoundingClientRect();
  const begin = band?.top ?? 0;
  return { top: top - begin, bottom: bottom - begin };
}

/** Whether something is seen, if only a part of it. */
export function inSight({ top, bottom }: ReturnType<typeof edges>): boolean {
  return bottom > 0 && top < seenHeight();
}

/** Scroll at once. In a frame the page around does it, and tells afterwards where that has led. */
export function scrollOn(pixels: number): void {
  if (!band) return scrollBy({ top: pixels, behavior: "instant" });
  const whole = Math.round(pixels);
  band = { ...band, top: band.top + whole };
  dispatchEvent(new CustomEvent("carry", { detail: whole }));
}

/** Let an element begin where what is seen begins. */
export function scrollUpTo(element: Element): void {
  if (band) scrollOn(edges(element).top - MARGIN);
  else element.scrollIntoView(); // at once: a post that comes meanwhile would end a smooth way half-way
}
