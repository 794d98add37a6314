// What the box "While you were away" says: what is new, changed and withdrawn, with links. Fetched
// for a returning reader by client/src/reader/away.ts.

import { counted, element } from "../reader/words.ts";

const LINKS = 5; // of each kind

/** What is told of a post. */
interface Told {
  readonly title: string;
  readonly url: string;
}

/** What of a change is told, in the form `json` of events/PROTOCOL.md. */
interface Change {
  readonly type: string;
  readonly resumed?: boolean;
  readonly id?: string;
  readonly order?: string;
  readonly post?: Told;
  /** Of a snapshot, which comes instead where there is too much to tell. */
  readonly posts?: readonly Change[];
  readonly keys?: readonly (Change & Told)[];
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
  const isNew = ({ order = "" }: Change): boolean => parseInt(order.split("-")[1] ?? "", 16) > seq(since);
  const [snapshot] = hello?.resumed ? [] : changes;
  const lines = snapshot ? newestOf(snapshot, isNew) : linesOf(changes, isNew);
  (box.querySelector("[data-more]") as HTMLElement).hidden = snapshot === undefined;
  (box.querySelector("ul") as HTMLElement).replaceChildren(...lines);
  box.hidden = snapshot === undefined && lines.length === 0;
}

function close(): void {
  box.hidden = true;
}

function linesOf(changes: readonly Change[], isNew: (change: Change) => boolean): HTMLLIElement[] {
  const posts = changes.filter(({ post }) => post).reverse();
  return [
    line("new", posts.filter(isNew)),
    line("changed", posts.filter((change) => !isNew(change))),
    line("withdrawn", changes.filter(({ type }) => type === "retract")),
  ].flat();
}

/** What a first page tells of it: how many of its posts are new, at least, and the key events. */
function newestOf({ posts = [], keys = [] }: Change, isNew: (change: Change) => boolean): HTMLLIElement[] {
  const fresh = posts.filter(isNew);
  const links = fresh.slice(0, LINKS);
  const others = keys.filter((key) => isNew(key) && !links.some(({ id }) => id === key.id));
  const lines = fresh.length > 0 ? [entry(counted("new", fresh.length, fresh.length === posts.length), told(links))] : [];
  const events = others.length > 0 ? [entry(element("keys-title").textContent ?? "", others)] : [];
  return [...lines, ...events];
}

function line(what: string, changes: readonly Change[]): HTMLLIElement[] {
  return changes.length > 0 ? [entry(counted(what, changes.length), told(changes))] : [];
}

function told(changes: readonly Change[]): Told[] {
  return changes.flatMap(({ post }) => post ?? []);
}

function entry(words: string, posts: readonly Told[]): HTMLLIElement {
  const item = document.createElement("li");
  const links = document.createElement("ul");
  item.append(words, links);
  for (const { title, url } of posts.slice(0, LINKS)) {
    const link = document.createElement("a");
    link.href = url;
    link.textContent = title || element("keys").dataset.untitled || "";
    links.appendChild(document.createElement("li")).append(link);
  }
  return item;
}

function seq(position: string): number {
  return Number(position.split("-")[1]);
}
