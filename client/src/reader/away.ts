// "While you were away": what is new, changed and withdrawn since the reader left, with links.

import { isBefore } from "../position.ts";
import { recall, remember } from "./memory.ts";
import { counted, element } from "./words.ts";

const LONG = 3 * 60_000; // ms away that make somebody a returning reader
const LINKS = 5; // of each kind

/** What of a change is told, in the form `json` of events/PROTOCOL.md. */
interface Change {
  readonly type: string;
  readonly resumed?: boolean;
  readonly order?: string;
  readonly post?: { readonly title: string; readonly url: string; readonly published_at: string | null };
}

/** Where a reader left off: the log's position, and when on his own clock. */
interface Leave {
  readonly position: string;
  readonly at: number;
}

export class Away {
  private readonly box = element("away");
  private readonly key: string;

  /** `changes` is where the log tells what has changed, `position` where this page stands. */
  constructor(
    private readonly changes: string,
    private readonly position: () => string,
  ) {
    this.key = `left ${changes}`;
    this.box.querySelector("button")?.addEventListener("click", () => this.close());
    this.box.addEventListener("keydown", ({ key }) => key === "Escape" && this.close());
    this.box.querySelector("ul")?.addEventListener("click", () => this.close());
    document.addEventListener("visibilitychange", () => (document.hidden ? this.leave() : void this.come()));
    addEventListener("pagehide", () => this.leave());
    void this.come();
  }

  private leave(): void {
    remember(this.key, JSON.stringify({ position: this.position(), at: Date.now() }));
  }

  private async come(): Promise<void> {
    const left = leaveOf(recall(this.key));
    if (!left || Math.abs(Date.now() - left.at) < LONG) return;
    const answer = await fetch(`${this.changes}?as=json&since=${left.position}`, { cache: "no-cache" });
    if (answer.ok) this.show((await answer.json()) as Change[], left.position);
  }

  private show([hello, ...changes]: Change[], since: string): void {
    const lines = hello?.resumed ? linesOf(changes, seq(since)) : [];
    (this.box.querySelector("[data-more]") as HTMLElement).hidden = hello?.resumed === true;
    (this.box.querySelector("ul") as HTMLElement).replaceChildren(...lines);
    this.box.hidden = hello?.resumed === true && lines.length === 0;
  }

  private close(): void {
    this.box.hidden = true;
  }
}

function leaveOf(text: string): Leave | undefined {
  try {
    const left = JSON.parse(text) as Leave;
    isBefore(left.position, left.position);
    return left;
  } catch {
    return undefined; // never here, or forgotten
  }
}

function linesOf(changes: readonly Change[], since: number): HTMLLIElement[] {
  const posts = changes.filter(({ post }) => post).reverse();
  const isNew = ({ order = "" }: Change): boolean => parseInt(order.split("-")[1] ?? "", 16) > since;
  return [
    line("new", posts.filter(isNew)),
    line("changed", posts.filter((change) => !isNew(change))),
    line("withdrawn", changes.filter(({ type }) => type === "retract")),
  ].flat();
}

function line(what: string, changes: readonly Change[]): HTMLLIElement[] {
  if (changes.length === 0) return [];
  const item = document.createElement("li");
  const links = document.createElement("ul");
  item.append(counted(what, changes.length), links);
  for (const { post } of changes.slice(0, LINKS)) {
    if (!post) continue;
    const link = document.createElement("a");
    link.href = post.url;
    link.textContent = post.title || element("keys").dataset.untitled || "";
    links.appendChild(document.createElement("li")).append(link);
  }
  return [item];
}

function seq(position: string): number {
  return Number(position.split("-")[1]);
}
