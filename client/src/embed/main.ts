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

import type { Told, Wanted } from "./words.ts";

{
  const SANDBOX = "allow-scripts allow-same-origin allow-popups allow-popups-to-escape-sandbox";
  const ALLOWED = "clipboard-write; web-share; fullscreen"; // what its buttons do
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

  /** Let the frame be as high as the blog says; nobody else is heard, nothing else is done. */
  const grow = (frame: HTMLIFrameElement, { origin }: URL): void => {
    frame.addEventListener("load", () => {
      const wanted: Wanted = { type: "liveblog:height?" };
      frame.contentWindow?.postMessage(wanted, origin);
    });
    addEventListener("message", (event: MessageEvent<Partial<Told> | null>) => {
      if (event.origin !== origin || event.source !== frame.contentWindow) return;
      const { type, height } = event.data ?? {};
      if (type !== "liveblog:height" || typeof height !== "number" || !(height > 0 && height <= HIGHEST)) return;
      frame.style.height = `${Math.ceil(height)}px`;
    });
  };

  for (const tag of document.querySelectorAll<HTMLScriptElement>("script[data-blog]")) {
    // Each of several tags runs this script: whoever comes first does the work of all there are.
    if (tag.dataset.embedded !== undefined || !/\/embed\.js(\?|$)/.test(tag.src)) continue;
    tag.dataset.embedded = "";
    const blog = new URL(`/blogs/${encodeURIComponent(tag.dataset.blog ?? "")}/embed`, tag.src);
    const frame = frameOf(tag, blog);
    grow(frame, blog);
    tag.after(frame);
  }
}
