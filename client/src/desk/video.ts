// Videos: an address, and where its words are for those who do not hear it.

import { say, slot } from "./dom.ts";
import { control } from "./fields.ts";
import { fence, insert } from "./insert.ts";

const NAMES = ["url", "title", "captions", "transcript"] as const;

/** Let a form take videos; `inserted` is told when its text has changed. */
export function takeVideos(form: HTMLFormElement, inserted: () => void): void {
  const place = slot<HTMLFieldSetElement>(form, "video");
  const open = form.querySelector('[data-do="video"]') as HTMLButtonElement;
  const message = slot(form, "message");
  const input = (name: string): HTMLInputElement => control(form, `video_${name}`) as HTMLInputElement;
  const show = (shown: boolean): void => {
    place.hidden = !shown;
    open.setAttribute("aria-expanded", String(shown));
  };
  const take = (): void => {
    const values = Object.fromEntries(NAMES.map((name) => [name, input(name).value.trim()]));
    const wrong = NAMES.find((name) => name !== "title" && !isWeb(values[name] ?? "", name === "url"));
    if (wrong) {
      say(message, `The ${WORDS[wrong]} begins with https:// or http://`, "error");
      return input(wrong).focus();
    }
    const area = control<HTMLTextAreaElement>(form, "markdown") as HTMLTextAreaElement;
    insert(area, fence("video", values));
    for (const name of NAMES) input(name).value = "";
    show(false);
    say(message, "");
    inserted();
    area.focus();
  };
  open.addEventListener("click", () => show(Boolean(place.hidden)));
  form.querySelector('[data-do="insert"]')?.addEventListener("click", take);
}

const WORDS = {
  url: "address",
  title: "title",
  captions: "address of the captions",
  transcript: "address of the transcript",
} as const;

/** What the server looks at more closely. */
function isWeb(address: string, needed: boolean): boolean {
  return /^https?:\/\/\S+$/i.test(address) || (!needed && address === "");
}
