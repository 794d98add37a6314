// Inside the frame: tells the page around how high the blog is, if that page may embed it, and hears
// from it what of the blog is to be seen.
//
// The browser holds whoever frames us to `frame-ancestors`. What is checked here is who speaks: any
// window that has a hold of this one can send it a message.

import type { Seen, Told, Wanted } from "../embed/words.ts";
import type { Band } from "../reader/view.ts";
import { allows } from "./hosts.ts";

const own = document.querySelector<HTMLScriptElement>("script[data-hosts]");
const hosts = [location.origin, ...(own?.dataset.hosts ?? "").split(" ").filter(Boolean)];
const html = document.documentElement;
let stop: (() => void) | undefined;

addEventListener("message", ({ source, origin, data }: MessageEvent<Wanted | Seen | null>) => {
  if (source !== parent || parent === window || !allows(hosts, origin)) return;
  if (data?.type === "liveblog:seen") show(data);
  if (data?.type !== "liveblog:height?") return;
  stop?.(); // who asks again has forgotten
  stop = tell(origin);
});

/** Tell an origin the height, now and whenever it changes, until the function returned is called. */
function tell(origin: string): () => void {
  let before = 0;
  const say = (scroll: number): void => {
    const height = Math.ceil(html.getBoundingClientRect().height);
    if (height === before && !scroll) return;
    before = height;
    const told: Told = { type: "liveblog:height", height, scroll };
    parent.postMessage(told, origin);
  };
  // What comes above what is read goes to the page around together with the scrolling for it.
  const carry = (event: Event): void => say((event as CustomEvent<number>).detail);
  const watch = new ResizeObserver(() => say(0));
  watch.observe(html);
  addEventListener("carry", carry);
  return () => {
    watch.disconnect();
    removeEventListener("carry", carry);
  };
}

/** Let the page and what floats above it go by what is seen of the frame. */
function show({ top, height }: Band): void {
  if (!(top >= 0 && height >= 0)) return;
  for (const box of document.querySelectorAll<HTMLElement>(".float")) {
    box.style.setProperty("--seen-from", `${top}px`);
    box.style.setProperty("--seen-to", `${top + height}px`);
  }
  dispatchEvent(new CustomEvent<Band>("band", { detail: { top, height } }));
}
