// The separators between days: `<li class="day">` above the first post of each, as the server sets them.

/**
 * Put the separators right; one that is right already stays. A post without a time belongs to the
 * day of the one after which it was written: newest first, of the post below it.
 */
export function separateDays(list: HTMLElement, oldestFirst = false): void {
  const wanted = firstOfDays([...list.querySelectorAll(":scope > li[data-id]")], oldestFirst);
  for (const separator of list.querySelectorAll(":scope > li.day")) {
    const below = separator.nextElementSibling;
    if (below && wanted.get(below) === separator.textContent) wanted.delete(below);
    else separator.remove();
  }
  for (const [post, day] of wanted) post.before(separator(day));
}

/** The posts above which a day is named, with its name. */
function firstOfDays(posts: readonly Element[], oldestFirst: boolean): Map<Element, string> {
  const own = posts.map((post) => post.querySelector<HTMLElement>("[data-day]")?.dataset.day ?? "");
  const days = oldestFirst ? daysOf(own.reverse()).reverse() : daysOf(own);
  const firsts = new Map<Element, string>();
  posts.forEach((post, index) => {
    const day = days[index];
    if (day && day !== days[index - 1]) firsts.set(post, day);
  });
  return firsts;
}

/** The day of each post, from the top, where only some say it themselves. */
export function daysOf(own: readonly string[]): string[] {
  const days = [...own];
  for (let index = days.length - 2; index >= 0; index--) days[index] ||= days[index + 1] ?? "";
  return days;
}

function separator(day: string): HTMLLIElement {
  const item = document.createElement("li");
  item.className = "day";
  item.textContent = day;
  return item;
}
