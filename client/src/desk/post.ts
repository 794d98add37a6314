// One post in the desk's list: what it says, and what may be done with it.

import { read, Refusal, type Wish } from "./api.ts";
import { Attempts } from "./attempt.ts";
import type { Desk, PostView, Source } from "./desk.ts";
import { busy, copy, explain, fill, note, refocus, say, slot } from "./dom.ts";
import { draftOf, Editor } from "./editor.ts";
import type { Draft } from "./stash.ts";

const STATUS: Record<PostView["status"], string> = {
  draft: "Draft",
  submitted: "Submitted",
  scheduled: "Scheduled",
  published: "Published",
  retracted: "Retracted",
};

const OPPOSITES: Record<string, string> = { pin: "unpin", unpin: "pin", key: "unkey", unkey: "key" };

export class Post {
  readonly element = copy<HTMLLIElement>("post");
  private readonly attempts = new Attempts();
  private readonly message = slot(this.element, "message");
  private readonly retraction = slot(this.element, "retraction");
  private editor: Editor | undefined;

  constructor(
    private readonly desk: Desk,
    private view: PostView,
    private readonly changed: () => void,
  ) {
    this.element.dataset.id = view.id;
    this.element.addEventListener("click", (event) => this.pressed(event));
    this.show();
    const draft = desk.stash.find(view.id);
    if (draft) this.open(draft);
  }

  get writing(): boolean {
    return this.editor !== undefined;
  }

  /** Take in a newer view; what is being typed here stays. */
  update(view: PostView): void {
    if (view.version < this.view.version) return;
    const same = view.version === this.view.version;
    this.view = view;
    if (!same) this.show();
  }

  private show(): void {
    const { view } = this;
    const status = slot(this.element, "status");
    status.textContent = STATUS[view.status];
    status.dataset.status = view.status;
    this.showTime();
    fill(slot(this.element, "title"), view.title);
    slot(this.element, "body").innerHTML = view.html; // by the server's allow-list
    slot(this.element, "pinned").hidden = !view.pinned;
    slot(this.element, "key").hidden = !view.key;
    const history = slot<HTMLAnchorElement>(this.element, "history");
    history.href = this.desk.own(`/posts/${view.id}/history`);
    history.hidden = !this.desk.editor && view.created_by !== this.desk.actor;
    note(slot(this.element, "correction"), "Correction: ", view.correction);
    note(slot(this.element, "reason"), "Withdrawn: ", view.reason);
    fill(slot(this.element, "byline"), [view.author, ...view.tags.map((tag) => `#${tag}`)].filter(Boolean).join("  "));
    const allowed = new Set(this.allowed());
    for (const button of slot(this.element, "buttons").querySelectorAll<HTMLElement>("button")) {
      button.hidden = !allowed.has(button.dataset.do ?? "");
    }
    if (!allowed.has("retract")) {
      this.retraction.hidden = true;
      this.element.querySelector('[data-do="retract"]')?.setAttribute("aria-expanded", "false");
    }
  }

  private showTime(): void {
    const { status, published_at, publish_at, edited_at } = this.view;
    const time = slot<HTMLTimeElement>(this.element, "time");
    const shown = status === "scheduled" ? publish_at : published_at;
    time.hidden = shown === null;
    if (shown === null) return;
    const edited = edited_at === null ? "" : `, edited ${this.clock(edited_at)}`;
    time.dateTime = shown;
    time.textContent = (status === "scheduled" ? "goes out " : "") + this.clock(shown) + edited;
  }

  private clock(time: string): string {
    const options = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" } as const;
    return new Date(time).toLocaleString("en-GB", { ...options, timeZone: this.desk.zone });
  }

  private allowed(): string[] {
    const { status, pinned, key, created_by } = this.view;
    if (!this.desk.editor) {
      if (created_by !== this.desk.actor) return [];
      return { draft: ["edit", "submitted"], submitted: ["edit", "draft"] }[status as string] ?? [];
    }
    switch (status) {
      case "draft":
        return ["edit", "published", "retract"];
      case "submitted":
      case "scheduled":
        return ["edit", "published", "draft", "retract"];
      case "published":
        return ["edit", "correct", pinned ? "unpin" : "pin", key ? "unkey" : "key", "retract"];
      case "retracted":
        return ["restore"];
    }
  }

  private pressed(event: Event): void {
    const target = event.target as Element;
    if (target.closest("form.editor")) return; // its own buttons
    const action = target.closest<HTMLElement>("button[data-do]")?.dataset.do;
    const wish = action && this.wish(action);
    if (wish) void busy(this.element, () => this.carryOut(wish)).then(() => this.refocus(action));
    else if (action === "edit" || action === "correct") void busy(this.element, () => this.edit(action === "correct"));
    else if (action === "retract") this.askWhy(Boolean(this.retraction.hidden));
    else if (action === "keep") this.askWhy(false);
  }

  private askWhy(open: boolean): void {
    this.retraction.hidden = !open;
    const button = this.element.querySelector<HTMLElement>('[data-do="retract"]');
    button?.setAttribute("aria-expanded", String(open));
    if (open) this.retraction.querySelector<HTMLElement>('[name="note"]')?.focus();
    else button?.focus();
  }

  /** What was pressed may be gone by that: its opposite is where it was. */
  private refocus(pressed = ""): void {
    const opposite = OPPOSITES[pressed] ?? pressed;
    refocus(slot(this.element, "buttons"), `[data-do="${opposite}"]`, "button");
  }

  private wish(action: string): Wish | undefined {
    const path = this.desk.api(`/posts/${this.view.id}`);
    const status = (body: object): Wish => ({ method: "PUT", path: `${path}/status`, body, version: this.view.version });
    switch (action) {
      case "published":
      case "submitted":
      case "draft":
        return status({ status: action });
      case "restore":
        return status({ status: this.view.first_published_at === null ? "draft" : "published" });
      case "retracted":
        return status({ status: "retracted", ...this.reason() });
      case "pin":
      case "unpin":
        return { method: action === "pin" ? "PUT" : "DELETE", path: `${path}/pin` };
      case "key":
      case "unkey":
        return { method: action === "key" ? "PUT" : "DELETE", path: `${path}/key` };
    }
    return undefined;
  }

  private reason(): { note: string; keep_text: boolean } {
    const input = (name: string): HTMLInputElement =>
      this.retraction.querySelector(`[name="${name}"]`) as HTMLInputElement;
    return { note: input("note").value.trim(), keep_text: input("keep_text").checked };
  }

  private async carryOut(wish: Wish): Promise<void> {
    try {
      this.update(await this.attempts.send<PostView>(wish));
      say(this.message, "");
      this.changed();
    } catch (error) {
      if (error instanceof Refusal && error.status === 412) {
        say(this.message, "Someone has just changed this post: look again before you go on.", "warning");
        this.changed();
      } else {
        explain(this.message, error);
      }
    }
  }

  private async edit(correcting: boolean): Promise<void> {
    try {
      const source = await read<Source>(this.desk.own(`/posts/${this.view.id}/source`));
      this.open(draftOf(source, correcting));
      this.editor?.focus();
      say(this.message, "");
    } catch (error) {
      explain(this.message, error);
    }
  }

  private open(draft: Draft): void {
    const owner = { saved: (view: PostView) => this.close(view), closed: () => this.close() };
    this.editor = new Editor(this.desk, owner, draft, false);
    slot(this.element, "editor").replaceChildren(this.editor.form);
    this.element.dataset.writing = "";
  }

  private close(view?: PostView): void {
    this.editor = undefined;
    delete this.element.dataset.writing;
    if (view) this.update(view);
    this.refocus("edit");
    this.changed();
  }
}
