// "Older updates" and "Newer updates" in place, by a script that is fetched when one of them is
// followed; where that cannot be had, the link leads to its address.

import type { Left } from "../more/main.ts";
import type { Page } from "./page.ts";

const loader = (path = "/static/more.js"): Promise<typeof import("../more/main.ts")> => import(path);

/** Let the links load in place. `position` says up to where this page knows the log. */
export function loadMore(page: Page, position: () => string): void {
  const left = history.state as Left | null;
  if (left?.pages) void loader().then(({ comeBack }) => comeBack(left, page, position));
  document.addEventListener("click", (event) => {
    const link = (event.target as Element).closest<HTMLAnchorElement>("#more, #newer");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    loader().then(({ follow }) => follow(link, page, position), () => location.assign(link.href));
  });
}
