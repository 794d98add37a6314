// Links to posts jump within the page where it has the post; else they lead to its own address,
// where it stands among those around it.

import { jump } from "./unread.ts";

export function jumpInPlace(): void {
  document.addEventListener("click", (event) => {
    const link = (event.target as Element).closest<HTMLAnchorElement>("#keys a, #away a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const id = link.pathname.split("/").pop() ?? "";
    const item = document.getElementById(`post-${id}`);
    if (!item) return;
    event.preventDefault();
    history.pushState(null, "", `#post-${id}`);
    jump(item);
  });
}
