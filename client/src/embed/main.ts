// /embed.js: puts a blog into any page. One line does it:
//
//   <script async src="https://blogs.example.org/embed.js" data-blog="the-fair"></script>
//
// In the place of each such tag comes a frame with the blog, as high as what is in it. Also on the
// tag: `data-title`, what the frame is called to those who listen to the page, and `data-height`,
// the pixels it has until the blog has said its own.
//
// The page around is somebody else's: nothing is left in it but the frames. So all is in one block,
// and what is imported are types, since this is no module.

import type { Seen, Told, Wanted } from "./words.ts";

{
  const SANDBOX = "allow-scripts allow-same-origin allow-popups allow-popups-to-escape-sandbox";
  // What its buttons do. A browser that cannot share complains of the word.
  const ALLOWED = `clipboard-write; fullscreen${"share" in navigator ? "; web-share" : ""}`;
  const HIGHEST = 200_000; // pixels: nobody's blog, and no browser's limit yet

  const frameOf = ({ dataset }: HTMLScriptElement, blog: URL): HTMLIFrameElement => {
    const frame = document.createElement("iframe");
    frame.title = dataset.title || "Live blog";
    frame.loading = "lazy";
    frame.setAttribute("sandbox", SANDBOX);
    frame.allow = ALLOWED;
    frame.style.cssText = "display:block;width:100%;border:0";
    frame.style.height = `${Number(dataset.height) || 600}px`;
    frame.src = blog.href;
    return frame;
  };

  /**
   * Let the frame be as high as the blog says, scroll with what it puts in above what is read, and
   * say what of it is to be seen; nobody else is heard, nothing else is done.
   */
  const attend = (frame: HTMLIFrameElement, { origin }: URL): void => {
    let before: string | undefined; // what was said last; the frame has to speak first
    const say = (said: Wanted | Seen): void => frame.contentWindow?.postMessage(said, origin);
    const look = (): void => {
      const { top, bottom } = frame.getBoundingClientRect();
      const begin = Math.round(Math.min(Math.max(0, -top), bottom - top));
      const height = Math.round(Math.max(0, Math.min(bottom, innerHeight) - Math.max(0, top)));
      const now = `${begin} ${height}`;
      if (before === undefined || before === now) return;
      before = now;
      say({ type: "liveblog:seen", top: begin, height });
    };
    const soon = (): number => requestAnimationFrame(look);
    frame.addEventListener("load", () => {
      before = undefined;
      say({ type: "liveblog:height?" });
    });
    addEventListener("message", (event: MessageEvent<Partial<Told> | null>) => {
      if (event.origin !== origin || event.source !== frame.contentWindow) return;
      const { type, height, scroll = 0 } = event.data ?? {};
      if (type !== "liveblog:height" || typeof height !== "number" || !(height > 0 && height <= HIGHEST)) return;
      const to = scrollY + scroll; // before the page becomes lower, and scrolls by itself
      frame.style.height = `${Math.ceil(height)}px`;
      if (Math.abs(scroll) > 0) scrollTo({ top: to, behavior: "instant" });
      before ??= "";
      look();
    });
    addEventListener("scroll", soon, { capture: true, passive: true });
    addEventListener("resize", soon);
    new ResizeObserver(soon).observe(document.documentElement); // what is above the frame may grow
  };

  for (const tag of document.querySelectorAll<HTMLScriptElement>("script[data-blog]")) {
    // Each of several tags runs this script: whoever comes first does the work of all there are.
    if (tag.dataset.embedded !== undefined || !/\/embed\.js(\?|$)/.test(tag.src)) continue;
    tag.dataset.embedded = "";
    const blog = new URL(`/blogs/${encodeURIComponent(tag.dataset.blog ?? "")}/embed`, tag.src);
    const frame = frameOf(tag, blog);
    attend(frame, blog);
    tag.after(frame);
  }
}
