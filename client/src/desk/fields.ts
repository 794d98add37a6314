// What an editor types of a post: the form's fields as the API takes them.

/** Named as in the API's JSON. */
export interface Fields {
  readonly title: string;
  readonly markdown: string;
  readonly author: string;
  readonly tags: readonly string[];
  readonly lang: string;
  readonly pinned: boolean;
  readonly key: boolean;
}

export const EMPTY: Fields = {
  title: "",
  markdown: "",
  author: "",
  tags: [],
  lang: "",
  pinned: false,
  key: false,
};

type Input = HTMLInputElement | HTMLTextAreaElement;

/** A control of a form by its name; undefined where the role has none. */
export function control<T extends HTMLElement = HTMLInputElement>(form: HTMLFormElement, name: string): T | undefined {
  return (form.querySelector(`[name="${name}"]`) as T | null) ?? undefined;
}

/** What stands in a form; what a role has no control for is as it was. */
export function typed(form: HTMLFormElement, before: Fields): Fields {
  const text = (name: string): string => control<Input>(form, name)?.value ?? "";
  return {
    title: text("title").trim(),
    markdown: text("markdown"),
    author: text("author").trim(),
    tags: tags(text("tags")),
    lang: text("lang").trim(),
    pinned: control(form, "pinned")?.checked ?? before.pinned,
    key: control(form, "key")?.checked ?? before.key,
  };
}

export function show(form: HTMLFormElement, fields: Fields): void {
  for (const name of ["title", "markdown", "author", "lang"] as const) {
    const input = control<Input>(form, name);
    if (input) input.value = fields[name];
  }
  const list = control(form, "tags");
  if (list) list.value = fields.tags.join(", ");
  for (const name of ["pinned", "key"] as const) {
    const box = control(form, name);
    if (box) box.checked = fields[name];
  }
}

/** The fields that differ from what they were. */
export function changed(now: Fields, before: Fields): Partial<Fields> {
  const names = Object.keys(before) as (keyof Fields)[];
  return Object.fromEntries(
    names.filter((name) => JSON.stringify(now[name]) !== JSON.stringify(before[name])).map((name) => [name, now[name]]),
  );
}

export function isEmpty(fields: Partial<Fields>): boolean {
  return Object.keys(fields).length === 0;
}

/** Only what belongs to the fields, of something that has more. */
export function fieldsOf(said: Partial<Fields>): Partial<Fields> {
  const names = (Object.keys(EMPTY) as (keyof Fields)[]).filter((name) => said[name] !== undefined);
  return Object.fromEntries(names.map((name) => [name, said[name]]));
}

/** A text that two people can compare: what is written, and what is said about it. */
export function readable(fields: Fields): string {
  const about = [fields.author, fields.tags.join(", "), fields.lang].filter(Boolean).join(" · ");
  return [fields.title, fields.markdown.trim(), about].filter(Boolean).join("\n\n");
}

function tags(text: string): string[] {
  const found = text.split(",").map((tag) => tag.trim());
  return [...new Set(found.filter(Boolean))];
}
