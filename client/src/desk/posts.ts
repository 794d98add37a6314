// The desk's list of posts: asked anew when something has changed, without touching what is typed.

import { read } from "./api.ts";
import type { Desk, PostView } from "./desk.ts";
import { byId, explain, say } from "./dom.ts";
import { Post } from "./post.ts";

interface Listed {
  readonly posts: readonly PostView[];
  readonly position: string;
}

export class Posts {
  private readonly list = byId("posts");
  private readonly filter = byId<HTMLSelectElement>("filter");
  private readonly message = byId("list-message");
  private readonly posts = new Map<string, Post>();
  private asking = false;
  private again = false;

  constructor(private readonly desk: Desk) {
    this.filter.addEventListener("change", () => void this.refresh());
  }

  /** Ask for the list; asked while it is being asked for, once more after that. */
  async refresh(): Promise<void> {
    this.again = true;
    if (this.asking) return;
    this.asking = true;
    try {
      while (this.again) {
        this.again = false;
        this.show((await read<Listed>(this.desk.api(`/posts?status=${this.filter.value}`))).posts);
      }
      say(this.message, "");
    } catch (error) {
      explain(this.message, error);
    } finally {
      this.asking = false;
    }
  }

  /** Open the editors of posts that something unsaved is kept of, listed or not. */
  async restore(): Promise<void> {
    for (const id of this.desk.stash.posts().filter((id) => !this.posts.has(id))) {
      try {
        this.put(await read<PostView>(this.desk.api(`/posts/${id}`)));
        this.list.prepend(this.posts.get(id)?.element ?? "");
      } catch {
        // Not ours to see just now; what is kept stays kept.
      }
    }
  }

  private show(views: readonly PostView[]): void {
    for (const view of views) this.put(view);
    const wanted = new Set(views.map(({ id }) => id));
    const writing = [...this.posts].filter(([id, post]) => !wanted.has(id) && post.writing).map(([id]) => id);
    for (const id of this.posts.keys()) {
      if (!wanted.has(id) && !writing.includes(id)) this.drop(id);
    }
    this.arrange([...writing, ...wanted]);
    byId("empty").hidden = this.posts.size > 0;
  }

  private put(view: PostView): void {
    const post = this.posts.get(view.id);
    if (post) post.update(view);
    else this.posts.set(view.id, new Post(this.desk, view, () => void this.refresh()));
  }

  private drop(id: string): void {
    const element = this.posts.get(id)?.element;
    const focused = element?.contains(document.activeElement);
    element?.remove();
    this.posts.delete(id);
    if (focused) this.filter.focus();
  }

  /** Put the posts in order, around the one that has the focus: it would lose it by being moved. */
  private arrange(order: readonly string[]): void {
    const elements = order.flatMap((id) => this.posts.get(id)?.element ?? []);
    const focused = elements.findIndex((element) => element.contains(document.activeElement));
    elements.slice(0, Math.max(0, focused)).forEach((element) => elements[focused]?.before(element));
    this.list.append(...elements.slice(focused + 1));
  }
}
