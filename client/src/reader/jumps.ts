// Links to posts jump within the page where it has the post; else they lead to its own address,
// where it stands among those around it.

import { jump } from "./unread.ts";

/** The address that a jump has left behind leads to the post's own, where the page does not have it. */
export function leadOn(home: string): void {
  const [, id] = /^#post-([\w-]+)$/.exec(location.hash) ?? [];
  const lost = id && !history.state && !document.getElementById(`post-${id}`);
  if (lost && self === top) location.replace(`${home}/posts/${id}`); // it may not be framed
}

export function jumpInPlace(): void {
  document.addEventListener("click", (event) => {
    const link = (event.target as Element).closest<HTMLAnchorElement>("#keys a, #away a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const id = link.pathname.split("/").pop() ?? "";
    const item = document.getElementById(`post-${id}`);
    if (!item) return;
    event.preventDefault();
    location.hash = `post-${id}`; // unlike pushState it makes the post the target, which is marked
    jump(item);
  });
}
