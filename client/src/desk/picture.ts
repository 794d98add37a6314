// Pictures: uploaded, then put into the text in the notation of events/read_markdown.py.

import { upload } from "./api.ts";
import type { Desk } from "./desk.ts";
import { busy, explain, say, slot } from "./dom.ts";
import { control } from "./fields.ts";
import { fence, insert } from "./insert.ts";

interface Described {
  readonly alt: string;
  readonly decorative: boolean;
  readonly caption: string;
  readonly credit: string;
}

/** Let a form take pictures; `inserted` is told when its text has changed. */
export function takePictures(desk: Desk, form: HTMLFormElement, inserted: () => void): void {
  const place = slot<HTMLFieldSetElement>(form, "picture");
  const open = form.querySelector('[data-do="picture"]') as HTMLButtonElement;
  const message = slot(form, "message");
  const show = (shown: boolean): void => {
    place.hidden = !shown;
    open.setAttribute("aria-expanded", String(shown));
  };
  const send = async (): Promise<void> => {
    const file = control(form, "file")?.files?.[0];
    const described = describedIn(form);
    const lacking = missing(file, described, Number(place.dataset.limit));
    if (lacking) return say(message, lacking, "error");
    try {
      const { id } = await upload<{ id: string }>(desk.api("/media"), file as File);
      insert(control<HTMLTextAreaElement>(form, "markdown") as HTMLTextAreaElement, notation(id, described));
      clear(form);
      show(false);
      say(message, "");
      inserted();
    } catch (error) {
      explain(message, error);
    }
  };
  open.addEventListener("click", () => show(Boolean(place.hidden)));
  form.querySelector('[data-do="upload"]')?.addEventListener("click", () => void busy(place, send));
}

/** A picture in Markdown: short where its words need no escaping and nothing else is said of it. */
export function notation(id: string, { alt, decorative, caption, credit }: Described): string {
  const simple = !decorative && !caption && !credit && !/[\\`*_[\]<>&!~]/.test(alt);
  if (simple) return `![${alt}](media:${id})`;
  return fence("image", { media: id, ...(decorative ? { decorative: "true" } : { alt }), caption, credit });
}

function missing(file: File | undefined, { alt, decorative }: Described, limit: number): string {
  if (!file) return "Choose a file first.";
  if (file.size > limit) return `The file has ${megabytes(file.size)} MB; ${megabytes(limit)} MB are the most.`;
  if (!alt && !decorative) return "Say what the picture shows, or that it is only decoration.";
  return "";
}

function megabytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(1).replace(/\.0$/, "");
}

function describedIn(form: HTMLFormElement): Described {
  const text = (name: string): string => control(form, name)?.value.trim() ?? "";
  const decorative = control(form, "decorative")?.checked ?? false;
  return { alt: text("alt"), decorative, caption: text("caption"), credit: text("credit") };
}

function clear(form: HTMLFormElement): void {
  for (const name of ["file", "alt", "caption", "credit"]) {
    const input = control(form, name);
    if (input) input.value = "";
  }
  const box = control(form, "decorative");
  if (box) box.checked = false;
}
