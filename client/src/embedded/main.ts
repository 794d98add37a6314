// Inside the frame: tells the page around how high the blog is, if that page may embed it.
//
// The browser holds whoever frames us to `frame-ancestors`. What is checked here is who asks: any
// window that has a hold of this one can send it a message.

import type { Told, Wanted } from "../embed/words.ts";
import { allows } from "./hosts.ts";

const own = document.querySelector<HTMLScriptElement>("script[data-hosts]");
const hosts = [location.origin, ...(own?.dataset.hosts ?? "").split(" ").filter(Boolean)];
const html = document.documentElement;
let stop: (() => void) | undefined;

addEventListener("message", (event: MessageEvent<Partial<Wanted> | null>) => {
  if (event.source !== parent || parent === window || !allows(hosts, event.origin)) return;
  if (event.data?.type !== "liveblog:height?") return;
  stop?.(); // who asks again has forgotten
  stop = tell(event.origin);
});

/** Tell an origin the height, now and whenever it changes, until the function returned is called. */
function tell(origin: string): () => void {
  let before = 0;
  const watch = new ResizeObserver(() => {
    const height = Math.ceil(html.getBoundingClientRect().height);
    if (height === before) return;
    before = height;
    const told: Told = { type: "liveblog:height", height };
    parent.postMessage(told, origin);
  });
  watch.observe(html);
  return () => watch.disconnect();
}
