// What the box "While you were away" says: what is new, changed and withdrawn, with links. Fetched
// for a returning reader by client/src/reader/away.ts.

import { counted, element } from "../reader/words.ts";

const LINKS = 5; // of each kind

/** What of a change is told, in the form `json` of events/PROTOCOL.md. */
interface Change {
  readonly type: string;
  readonly resumed?: boolean;
  readonly order?: string;
  readonly post?: { readonly title: string; readonly url: string; readonly published_at: string | null };
}

const box = element("away");
box.querySelector("button")?.addEventListener("click", close);
box.querySelector("ul")?.addEventListener("click", close);
box.addEventListener("keydown", ({ key }) => key === "Escape" && close());

/** Show in the box what `changes` tells to have happened since a position, if anything has. */
export async function tell(changes: string, since: string): Promise<void> {
  const answer = await fetch(`${changes}?as=json&since=${since}`, { cache: "no-cache" });
  if (answer.ok) show((await answer.json()) as Change[], since);
}

function show([hello, ...changes]: Change[], since: string): void {
  const lines = hello?.resumed ? linesOf(changes, seq(since)) : [];
  (box.querySelector("[data-more]") as HTMLElement).hidden = hello?.resumed === true;
  (box.querySelector("ul") as HTMLElement).replaceChildren(...lines);
  box.hidden = hello?.resumed === true && lines.length === 0;
}

function close(): void {
  box.hidden = true;
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
