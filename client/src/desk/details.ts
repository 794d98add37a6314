// The blog itself: its details, its status, and the head of the page that shows both.

import { read, upload } from "./api.ts";
import { Attempts } from "./attempt.ts";
import type { BlogView, Desk, Details } from "./desk.ts";
import { busy, byId, explain, fill, say, slot } from "./dom.ts";
import { type Look, LOOKS, texts, wanted } from "./looks.ts";

const STATUS = { upcoming: "Upcoming", live: "Live", paused: "Paused", ended: "Ended" };
const DETAILS = [
  ...(["title", "standfirst", "summary", "slug", "language", "time_zone"] as const),
  ...(["visibility", "show_viewers", "past_public"] as const),
] as const;
const NAMES = [...DETAILS, ...LOOKS] as const;

type Control = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;
type Value = string | boolean;

export class Blog {
  private readonly form = document.getElementById("details") as HTMLFormElement | null;
  private readonly attempts = new Attempts();
  /** What the form was filled with: a control that differs was typed into. */
  private readonly before = new Map<string, Value>();
  private asking: Promise<void> | undefined;
  private again = false;

  /** `moved` is told when the blog's time zone or address is another. */
  constructor(
    private readonly desk: Desk,
    private readonly moved: () => void,
  ) {
    if (!this.form) return;
    for (const name of NAMES) this.before.set(name, valueOf(this.control(name)));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      void busy(this.form as HTMLFormElement, () => this.save());
    });
    this.control("logo_file").addEventListener("change", () => {
      void busy(this.form as HTMLFormElement, () => this.takeLogo());
    });
    byId("statuses").addEventListener("click", (event) => {
      const { status } = (event.target as HTMLElement).closest("button")?.dataset ?? {};
      if (status) void busy(byId("statuses"), () => this.turn(status));
    });
  }

  /** Ask how it is; asked while that is being asked for, once more, and only what is said last counts. */
  refresh(): Promise<void> {
    this.again = true;
    this.asking ??= this.ask();
    return this.asking;
  }

  private async ask(): Promise<void> {
    try {
      while (this.again) await this.askOnce();
    } finally {
      this.asking = undefined;
    }
  }

  private async askOnce(): Promise<void> {
    this.again = false;
    try {
      const details = await read<Details>(this.desk.own("/details"));
      if (!this.again) this.show(details);
    } catch (error) {
      if (!this.again) explain(byId("connection"), error);
    }
  }

  /** So many are reading; undefined, where nobody tells us. */
  count(viewers: number | undefined): void {
    fill(byId("viewers"), viewers === undefined ? "" : `${viewers.toLocaleString()} reading`);
  }

  private async save(): Promise<void> {
    const message = slot(this.form as HTMLFormElement, "message");
    const typed = NAMES.filter((name) => valueOf(this.control(name)) !== this.before.get(name));
    if (typed.length === 0) return say(message, "Nothing has changed.");
    const body = this.body(typed);
    try {
      const blog = await this.attempts.send<BlogView>({ method: "PATCH", path: this.desk.api(), body });
      for (const name of typed) this.before.set(name, valueOf(this.control(name)));
      this.desk.slug = blog.slug;
      say(message, "Saved.");
      await this.refresh();
    } catch (error) {
      explain(message, error);
    }
  }

  /** What changes: the details by name, the looks together in one. */
  private body(typed: readonly (typeof NAMES)[number][]): Record<string, unknown> {
    const details = typed.filter((name) => !isLook(name));
    const looks = typed.filter(isLook);
    const body: Record<string, unknown> = Object.fromEntries(
      details.map((name) => [name, sent(valueOf(this.control(name)))]),
    );
    if (looks.length > 0) body.appearance = wanted(looks, (name) => String(valueOf(this.control(name))));
    return body;
  }

  /** Upload the file that was chosen; it becomes the logo when the details are saved. */
  private async takeLogo(): Promise<void> {
    const message = slot(this.form as HTMLFormElement, "message");
    const chosen = this.control("logo_file") as HTMLInputElement;
    const file = chosen.files?.[0];
    if (!file) return;
    try {
      const { id } = await upload<{ id: string }>(this.desk.api("/media"), file);
      put(this.control("logo"), id);
      say(message, "The logo is uploaded. Save the details to show it.");
    } catch (error) {
      explain(message, error);
    }
    chosen.value = "";
  }

  private async turn(status: string): Promise<void> {
    try {
      await this.attempts.send({ method: "PUT", path: this.desk.api("/status"), body: { status } });
      say(byId("status-message"), "");
      await this.refresh();
    } catch (error) {
      explain(byId("status-message"), error);
    }
  }

  private show({ blog, following }: Details): void {
    document.title = `${blog.title} · Desk`;
    byId("title").textContent = blog.title;
    byId("status").textContent = STATUS[blog.status];
    byId("status").dataset.status = blog.status;
    byId<HTMLAnchorElement>("page").href = `/blogs/${blog.slug}`;
    this.follow(blog);
    if (!this.form) return;
    const looks = texts(blog.appearance);
    for (const name of DETAILS) this.fill(name, blog[name]);
    for (const name of LOOKS) this.fill(name, looks[name]);
    for (const button of byId("statuses").querySelectorAll<HTMLButtonElement>("button")) {
      button.hidden = !following.includes(button.dataset.status ?? "");
      if (button.dataset.status === "live") button.textContent = blog.status === "upcoming" ? "Go live" : "Go live again";
    }
  }

  private follow({ slug, time_zone }: BlogView): void {
    const elsewhere = slug !== this.desk.slug || time_zone !== this.desk.zone;
    this.desk.slug = slug;
    this.desk.zone = time_zone;
    if (location.pathname !== this.desk.own("")) history.replaceState(null, "", this.desk.own(""));
    if (elsewhere) this.moved();
  }

  /** Show what is so now, unless something else was typed there. */
  private fill(name: (typeof NAMES)[number], value: Value): void {
    const control = this.control(name);
    if (valueOf(control) === this.before.get(name)) put(control, value);
    this.before.set(name, value);
  }

  private control(name: string): Control {
    return this.form?.elements.namedItem(name) as Control;
  }
}

function isLook(name: (typeof NAMES)[number]): name is Look {
  return (LOOKS as readonly string[]).includes(name);
}

function valueOf(control: Control): Value {
  return isBox(control) ? control.checked : control.value;
}

/** A value as the API takes it. */
function sent(value: Value): Value {
  return typeof value === "string" ? value.trim() : value;
}

function put(control: Control, value: Value): void {
  if (isBox(control)) control.checked = value === true;
  else control.value = String(value);
}

function isBox(control: Control): control is HTMLInputElement {
  return control.type === "checkbox";
}
