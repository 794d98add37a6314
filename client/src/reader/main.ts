// The script of a blog's page: puts what happens into it, without a reload.

import { follow } from "../browser.ts";
import type { ReaderMessage } from "../messages.ts";
import { Page, say } from "./page.ts";

const main = document.getElementById("blog");

if (main?.dataset.live && main.dataset.position) {
  const page = new Page(main);
  follow<ReaderMessage>(`${main.dataset.live}?as=html`, main.dataset.position, {
    message: (message) => page.take(message),
    // While it tries again, what was said before is still true.
    standing: (standing) => standing === "connecting" || say("connection", standing),
  });
}
