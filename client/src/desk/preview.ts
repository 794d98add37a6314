// Writing and preview: two views of one text.

import { newKey, send } from "./api.ts";
import type { Desk } from "./desk.ts";
import { explain, say, slot } from "./dom.ts";
import { control } from "./fields.ts";

/** Let the buttons of a form turn between its text and what that would look like. */
export function showPreviews(desk: Desk, form: HTMLFormElement, message: HTMLElement): void {
  const button = (name: string): HTMLElement => form.querySelector(`[data-do="${name}"]`) as HTMLElement;
  const turn = (preview: boolean): void => {
    slot(form, "preview").hidden = !preview;
    slot(form, "text").hidden = preview;
    button("preview").setAttribute("aria-pressed", String(preview));
    button("write").setAttribute("aria-pressed", String(!preview));
  };
  const render = async (): Promise<void> => {
    const markdown = control<HTMLTextAreaElement>(form, "markdown")?.value ?? "";
    const wish = { method: "POST", path: desk.own("/preview"), body: { markdown } } as const;
    try {
      const { html } = await send<{ html: string }>(wish, newKey());
      slot(form, "preview").innerHTML = html; // by the server's allow-list: all else was escaped
      say(message, "");
      turn(true);
    } catch (error) {
      explain(message, error);
    }
  };
  button("write").addEventListener("click", () => turn(false));
  button("preview").addEventListener("click", () => void render());
}
