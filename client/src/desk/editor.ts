// The form a post is written in, new or not: it saves, and brings together what two people wrote.

import { read, Refusal, type Wish } from "./api.ts";
import { Attempt } from "./attempt.ts";
import type { Desk, PostView, Source } from "./desk.ts";
import { busy, byId, copy, explain, refocus, say, slot } from "./dom.ts";
import { changed, control, EMPTY, fieldsOf, isEmpty, readable, show, typed, type Fields } from "./fields.ts";
import { takePictures } from "./picture.ts";
import { showPreviews } from "./preview.ts";
import type { Draft } from "./stash.ts";
import { takeVideos } from "./video.ts";
import { instant, wall } from "./zone.ts";

/** What a button asks for: the status to end in (none: as it is), and when. */
interface Wanted {
  readonly status?: string;
  readonly publish_at?: string;
}

/** Whom an editor serves. */
export interface Owner {
  /** Everything is saved; `view` is the post as it is now. */
  saved(view: PostView): unknown;
  /** Writing was given up. */
  closed(): unknown;
}

export function newDraft(): Draft {
  const blank = { base: EMPTY, fields: EMPTY, correction: "", correcting: false, pending: undefined };
  return { id: undefined, version: 0, status: "new", ...blank };
}

export function draftOf(source: Source, correcting: boolean): Draft {
  const fields = { ...EMPTY, ...fieldsOf(source) };
  const { id, version, status } = source;
  return { id, version, status, base: fields, fields, correction: "", correcting, pending: undefined };
}

export class Editor {
  readonly form = copy<HTMLFormElement>("editor");
  private readonly message = slot(this.form, "message");
  private readonly attempt: Attempt;
  private readonly correcting: boolean;
  private readonly stashed: string | undefined;
  private id: string | undefined;
  private version: number;
  private status: string;
  private base: Fields;
  private wanted: Wanted = {};
  private theirs: Source | undefined;

  constructor(
    private readonly desk: Desk,
    private readonly owner: Owner,
    draft: Draft,
    isNew: boolean,
  ) {
    ({ id: this.id, version: this.version, status: this.status, base: this.base } = draft);
    this.stashed = isNew ? undefined : draft.id;
    this.correcting = draft.correcting;
    this.attempt = new Attempt(draft.pending);
    show(this.form, draft.fields);
    this.correction.value = draft.correction;
    showPreviews(desk, this.form, this.message);
    takePictures(desk, this.form, () => this.keep());
    takeVideos(this.form, () => this.keep());
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("input", () => this.keep());
    this.form.addEventListener("click", (event) => this.pressed(event));
    this.layOut();
    if (this.dirty()) say(this.message, "This was not saved yet when the page was left.");
  }

  focus(): void {
    (this.correcting ? this.correction : control(this.form, "markdown"))?.focus();
  }

  private get correction(): HTMLTextAreaElement {
    return control<HTMLTextAreaElement>(this.form, "correction") as HTMLTextAreaElement;
  }

  private get fields(): Fields {
    return typed(this.form, this.base);
  }

  private dirty(): boolean {
    return !isEmpty(changed(this.fields, this.base)) || this.correction.value.trim() !== "" || !!this.attempt.pending;
  }

  private keep(): void {
    if (!this.dirty()) return this.desk.stash.drop(this.stashed);
    const { id, version, status, base, fields, correcting } = this;
    const { pending } = this.attempt;
    const correction = this.correction.value;
    this.desk.stash.keep(this.stashed, { id, version, status, base, fields, correction, correcting, pending });
  }

  private pressed(event: Event): void {
    const button = (event.target as Element).closest<HTMLButtonElement>("button[data-do]");
    switch (button?.dataset.do) {
      case "published":
      case "submitted":
        return this.save({ status: button.dataset.do });
      case "save":
        return this.save({});
      case "scheduled":
        return this.schedule();
      case "when":
        return this.askWhen(button);
      case "overwrite":
        return this.overwrite();
      case "discard":
        return this.discard();
      case "cancel":
        return this.end(() => this.owner.closed());
    }
  }

  private askWhen(button: HTMLButtonElement): void {
    const place = slot(this.form, "schedule");
    place.hidden = !place.hidden;
    button.setAttribute("aria-expanded", String(!place.hidden));
    const input = control(this.form, "publish_at");
    if (!input || place.hidden) return;
    input.value ||= wall(new Date(Date.now() + 3_600_000), this.desk.zone);
    input.focus();
  }

  private schedule(): void {
    const time = control(this.form, "publish_at")?.value ?? "";
    if (!time) return say(this.message, "Say when it goes out.", "error");
    this.save({ status: "scheduled", publish_at: instant(time, this.desk.zone).toISOString() });
  }

  private save(wanted: Wanted): void {
    if (this.correcting && this.correction.value.trim() === "") {
      say(this.message, "A correction needs its public note: what was wrong, and what is right.", "error");
      return this.correction.focus();
    }
    this.wanted = wanted;
    void busy(this.form, () => this.carryOut());
  }

  private async carryOut(): Promise<void> {
    say(this.message, "");
    try {
      const view = await this.untilSo();
      this.end(() => this.owner.saved(view));
    } catch (error) {
      if (error instanceof Refusal && error.status === 412) await this.meet();
      else explain(this.message, error);
      if (this.form.isConnected) this.keep();
    }
  }

  /** Take the steps that are left between what the server has and what stands here. */
  private async untilSo(): Promise<PostView> {
    const { status, publish_at } = this.wanted;
    let view = this.attempt.pending?.doubtful ? await this.take() : undefined;
    if (this.id === undefined) {
      const body = { ...this.fields, status: status ?? "draft", ...(publish_at ? { publish_at } : {}) };
      return this.take({ method: "POST", path: this.desk.api("/posts"), body });
    }
    const path = this.desk.api(`/posts/${this.id}`);
    const edits = changed(this.fields, this.base);
    const correction = this.correction.value.trim();
    if (!isEmpty(edits) || correction) {
      const body = correction ? { ...edits, correction } : edits;
      view = await this.take({ method: "PATCH", path, body, version: this.version });
    }
    if (status !== undefined && (status !== this.status || status === "scheduled")) {
      const body = publish_at ? { status, publish_at } : { status };
      view = await this.take({ method: "PUT", path: `${path}/status`, body, version: this.version });
    }
    return view ?? read<PostView>(path);
  }

  /** Send a wish, or the one that is pending, and stand on its answer. */
  private async take(wish?: Wish): Promise<PostView> {
    const sent = (wish ?? this.attempt.pending?.wish)?.body as Partial<Fields> & { correction?: string };
    const view = await (wish ? this.attempt.send<PostView>(wish) : this.attempt.again<PostView>());
    ({ id: this.id, version: this.version, status: this.status } = view);
    this.base = { ...this.base, ...fieldsOf(sent) };
    if (sent.correction === this.correction.value.trim()) this.correction.value = "";
    return view;
  }

  /** Someone else has changed the post: take up what does not touch ours, else show both texts. */
  private async meet(): Promise<void> {
    try {
      const theirs = await read<Source>(this.desk.own(`/posts/${this.id}/source`));
      const { pinned, key } = this.base;
      const text = changed({ ...EMPTY, ...fieldsOf(theirs), pinned, key }, this.base);
      if (isEmpty(text) && theirs.status === this.status && theirs.version !== this.version) {
        this.standOn(theirs);
        return await this.carryOut();
      }
      this.theirs = theirs;
      slot(this.form, "theirs").textContent = readable({ ...EMPTY, ...fieldsOf(theirs) });
      slot(this.form, "yours").textContent = readable(this.fields);
      slot(this.form, "conflict").hidden = false;
      slot(this.form, "conflict").scrollIntoView({ block: "nearest" });
    } catch (error) {
      explain(this.message, error);
    }
  }

  /** Start from their version; marks that were not touched here are as they set them. */
  private standOn(theirs: Source): void {
    for (const name of ["pinned", "key"] as const) {
      const box = control(this.form, name);
      if (box && box.checked === this.base[name]) box.checked = theirs[name];
    }
    this.version = theirs.version;
    this.status = theirs.status;
    this.base = { ...EMPTY, ...fieldsOf(theirs) };
    this.theirs = undefined;
    slot(this.form, "conflict").hidden = true;
    this.layOut();
  }

  private overwrite(): void {
    if (this.theirs) this.standOn(this.theirs);
    void busy(this.form, () => this.carryOut());
  }

  private discard(): void {
    if (!this.theirs) return;
    this.standOn(this.theirs);
    show(this.form, this.base);
    this.correction.value = "";
    this.keep();
    say(this.message, "This is their text now.");
  }

  private end(then: () => unknown): void {
    this.desk.stash.drop(this.stashed);
    this.form.remove();
    then();
  }

  /** Show the buttons that fit the post's status. */
  private layOut(): void {
    const out = this.status === "published";
    const hidden: Record<string, boolean> = {
      published: out,
      submitted: out || this.status === "submitted" || (this.desk.editor && this.status !== "draft"),
      when: out,
      cancel: this.stashed === undefined,
    };
    for (const [name, hide] of Object.entries(hidden)) {
      const button = this.form.querySelector<HTMLElement>(`[data-do="${name}"]`);
      if (button) button.hidden = hide;
    }
    const save = this.form.querySelector('[data-do="save"]') as HTMLElement;
    save.classList.toggle("primary", out || !this.desk.editor);
    if (this.stashed !== undefined) save.textContent = this.correcting ? "Publish the correction" : "Save";
    slot(this.form, "public-note").hidden = !this.correcting;
  }
}

/** Keeps an editor for new posts in the page: a fresh one after each that was saved. */
export function composer(desk: Desk, saved: (view: PostView) => void): void {
  const begin = (draft: Draft, said = ""): HTMLElement => {
    const editor = new Editor(desk, { saved: done, closed: () => begin(newDraft()) }, draft, true);
    byId("new").replaceChildren(editor.form);
    if (said) say(slot(editor.form, "message"), said);
    return editor.form;
  };
  const done = (view: PostView): void => {
    refocus(begin(newDraft(), SAID[view.status]), "[name=title]");
    saved(view);
  };
  begin(desk.stash.find(undefined) ?? newDraft());
}

const SAID: Record<PostView["status"], string> = {
  draft: "Saved as a draft.",
  submitted: "Submitted to the editors.",
  scheduled: "Scheduled.",
  published: "Published.",
  retracted: "Withdrawn.",
};
