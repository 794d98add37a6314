// The form that opens a blog, on the list of blogs.

import { Attempts } from "./attempt.ts";
import type { BlogView } from "./desk.ts";
import { busy, explain, slot } from "./dom.ts";

export function openBlogs(form: HTMLFormElement): void {
  const attempts = new Attempts();
  const title = form.elements.namedItem("title") as HTMLInputElement;
  const slug = form.elements.namedItem("slug") as HTMLInputElement;
  const zone = form.elements.namedItem("time_zone") as HTMLInputElement;
  zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone || zone.value;

  let suggested = "";
  title.addEventListener("input", () => {
    if (slug.value !== suggested) return; // somebody has chosen one
    slug.value = suggested = suggestion(title.value);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void busy(form, async () => {
      const body = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value).trim()]));
      try {
        const blog = await attempts.send<BlogView>({ method: "POST", path: "/api/blogs", body });
        location.assign(`/desk/${blog.slug}`);
      } catch (error) {
        explain(slot(form, "message"), error);
      }
    });
  });
}

/** An address made of a title: `Storm über Köln` gives `storm-uber-koln`. */
export function suggestion(title: string): string {
  const plain = title.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  return plain.replace(/[^a-z0-9]+/g, "-").slice(0, 80).replace(/^-+|-+$/g, "");
}
