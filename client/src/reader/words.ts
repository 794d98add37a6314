// What the page says: the server has written every sentence into it, in the blog's language.

const main = document.getElementById("blog");

/** For `Intl`: the blog's own language. */
export const LOCALE = main?.dataset.locale ?? main?.dataset.language ?? "en";
/** The zone in which the blog's times are shown. */
export const ZONE = main?.dataset.timeZone ?? "UTC";

const rules = new Intl.PluralRules(main?.dataset.words ?? LOCALE);

/** What #words says by a name. */
export function words(name: string): string {
  return said(name)?.textContent ?? "";
}

/** What #words says of a number, in the right plural form; `30+` where it is at least so many. */
export function counted(name: string, count: number, atLeast = false): string {
  const forms = JSON.parse(said(name)?.dataset.forms ?? "{}") as Record<string, string>;
  const form = forms[rules.select(count)] ?? forms.other ?? "";
  return form.replace("{count}", count.toLocaleString(LOCALE) + (atLeast ? "+" : ""));
}

/** Show which of the sentences that the server wrote into an element is true now, if any. */
export function say(id: string, state: string): void {
  for (const sentence of element(id).querySelectorAll<HTMLElement>("[data-when]")) {
    sentence.hidden = sentence.dataset.when !== state;
  }
}

export function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}

function said(name: string): HTMLElement | null {
  return document.querySelector<HTMLElement>(`#words [data-say="${name}"]`);
}
