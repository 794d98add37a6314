// The script of a blog's page: puts what happens into it, without a reload.

import { follow } from "../browser.ts";
import type { Listener } from "../connection.ts";
import type { ReaderMessage } from "../messages.ts";
import { Page, say } from "./page.ts";

const main = document.getElementById("blog");

if (main?.dataset.live && main.dataset.position) {
  const { live, position } = main.dataset;
  const page = new Page(main);
  const listener: Listener<ReaderMessage> = {
    message: (message) => page.take(message),
    standing(standing, transport) {
      if (standing === "live") main.dataset.link = transport;
      else delete main.dataset.link;
      // While it tries again, what was said before is still true.
      if (standing !== "connecting") say("connection", standing);
    },
  };
  follow(`${live}?as=html`, position, listener, `/api${live.replace(/live$/, "changes")}?as=html`);
}
