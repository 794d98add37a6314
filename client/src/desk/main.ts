// The script of the desk: the list of blogs, and the desk of one.

import { follow } from "../browser.ts";
import type { Envelope } from "../messages.ts";
import { Desk } from "./desk.ts";
import { Blog } from "./details.ts";
import { byId, say } from "./dom.ts";
import { composer } from "./editor.ts";
import { Numbers } from "./numbers.ts";
import { openBlogs } from "./open.ts";
import { Posts } from "./posts.ts";

/** What the desk's socket says: that something has changed, never what; and how many are reading. */
type Message = Changed | Reading;

interface Changed extends Envelope {
  readonly type: "hello" | "changed";
  readonly position: string;
  readonly posts?: readonly string[];
  readonly blog?: boolean;
}

interface Reading extends Envelope {
  readonly type: "viewers";
  readonly count: number;
}

const form = document.getElementById("open") as HTMLFormElement | null;
if (form) openBlogs(form);

const main = document.getElementById("desk");
if (main) void begin(main);

async function begin(main: HTMLElement): Promise<void> {
  const desk = new Desk(main);
  const posts = new Posts(desk);
  const blog = new Blog(desk, () => void posts.refresh());
  const numbers = new Numbers(desk);
  let standing = "";

  composer(desk, () => void posts.refresh());
  await posts.refresh();
  await posts.restore();

  let heard = main.dataset.position ?? "0-0";
  const connection = follow<Message>(desk.own("/live"), heard, {
    message(message) {
      if (message.type === "viewers") return blog.count(message.count);
      const { type, position, posts: touched, blog: touchedBlog } = message;
      const missed = type === "hello" && position !== heard;
      heard = position;
      if (missed || touched?.length) void posts.refresh();
      if (missed || touched?.length) void numbers.refresh();
      if (missed || touchedBlog) void blog.refresh();
    },
    standing(now) {
      standing = now;
      if (now === "connecting") return;
      if (now !== "live") blog.count(undefined);
      say(byId("connection"), SAID[now] ?? "", "warning");
    },
  });
  // Somebody comes back, perhaps from logging in again in another tab.
  addEventListener("focus", () => standing === "stopped" && connection.start());
}

const SAID: Record<string, string> = {
  waiting: "Not connected just now: what others do shows up again as soon as we are.",
  stopped: "Not connected any more: your session has ended, or the blog was deleted. Log in in another tab; what you typed stays here.",
};
