// The script of a blog's page: puts what happens into it, without a reload.

import "../media/main.ts";
import { follow } from "../browser.ts";
import type { Listener } from "../connection.ts";
import type { ReaderMessage } from "../messages.ts";
import { clock } from "./article.ts";
import { noticeAbsence } from "./away.ts";
import { serverTime } from "./clock.ts";
import { offerUnfolding } from "./fold.ts";
import { Gate } from "./gate.ts";
import { jumpInPlace, leadOn } from "./jumps.ts";
import { loadMore } from "./more.ts";
import { Page } from "./page.ts";
import { offerSharing } from "./share.ts";
import { holdStill } from "./still.ts";
import { keepTime } from "./times.ts";
import { Told } from "./told.ts";
import { element, say } from "./words.ts";

const main = document.getElementById("blog");

if (main?.dataset.live && main.dataset.position) {
  const { live, position } = main.dataset;
  const changes = `/api${live.replace(/live$/, "changes")}`;
  const told = new Told();
  const page = new Page(main, Number(position.split("-")[1]), told);
  const gate = new Gate(page.stretch.home, (message) => page.take(message), (held) => page.hold(held));
  let heardAt: number | undefined;
  const listener: Listener<ReaderMessage> = {
    message(message) {
      heardAt = serverTime() ?? Date.now();
      gate.pass(message, connection.position);
    },
    standing(standing, transport) {
      if (standing === "live") main.dataset.link = transport;
      else delete main.dataset.link;
      // While it tries again, what was said before is still true.
      if (standing === "connecting") return;
      say("connection", standing);
      sayHeard(standing === "live" ? undefined : heardAt);
      told.say(element("connection").querySelector("[data-when]:not([hidden])")?.textContent ?? "");
    },
  };
  holdStill();
  const connection = follow(`${live}?as=html`, position, listener, `${changes}?as=html`);
  loadMore(page, () => connection.position);
  noticeAbsence(changes, () => gate.seen(connection.position));
  offerSharing(told);
  offerUnfolding();
  jumpInPlace();
  leadOn(page.stretch.home);
  void keepTime();
}

/** Say when something was heard last, in the blog's time. */
function sayHeard(at: number | undefined): void {
  const heard = element("heard");
  heard.hidden = at === undefined;
  if (at !== undefined) heard.querySelector("time")?.replaceWith(clock(new Date(at).toISOString()));
}
