// On a phone the summary and the pinned posts are folded (page.css); a button shows all of one.

import { element } from "./words.ts";

export function offerUnfolding(): void {
  for (const section of [element("summary"), element("pinned")]) {
    const button = section.querySelector(".unfold") as HTMLElement;
    const content = button.previousElementSibling as HTMLElement;
    const look = (): void => {
      button.hidden = content.scrollHeight <= content.clientHeight;
    };
    button.addEventListener("click", () => {
      section.classList.add("whole");
      look();
      content.tabIndex = -1;
      content.focus({ preventScroll: true });
    });
    new ResizeObserver(look).observe(content);
    addEventListener("posts", look);
  }
}
