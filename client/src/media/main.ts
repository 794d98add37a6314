// Videos, embeds and pictures before anybody asks for them: offers what can be loaded in its place,
// and fetches the scripts that do it at the first click. No other host is asked before that. It is
// part of the live page's script, and a script of its own for pages that never move.

const PLAYER = "/static/player.js";
const PICTURE = "/static/picture.js";

/** A button on each card that can be played here. It lies above the card's picture: nothing moves. */
function offer(): void {
  for (const card of document.querySelectorAll<HTMLElement>(".card[data-load]:not(:has(> .load, > .stage))")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "load";
    const words = document.createElement("span");
    words.textContent = card.dataset.load ?? "";
    if (card.dataset.lang) words.lang = card.dataset.lang;
    button.append(words);
    card.prepend(button);
  }
}

async function load(card: HTMLElement): Promise<void> {
  const home = homeOf(card);
  const player = (await import(PLAYER)) as typeof import("../player/main.ts");
  offer(); // it may have been put in just now
  player.load(card, home);
}

async function enlarge(link: HTMLAnchorElement): Promise<void> {
  const home = homeOf(link);
  const picture = (await import(PICTURE)) as typeof import("../picture/main.ts");
  picture.enlarge(link, home);
}

/** Where it is to be looked for when an edit has put its post in anew. */
function homeOf(element: Element): string {
  return element.closest("li[id]")?.id ?? "";
}

function clicked(event: MouseEvent): void {
  const target = event.target as Element;
  const card = target.closest(".load")?.closest<HTMLElement>(".card");
  const link = target.closest<HTMLAnchorElement>(".image > a");
  if (card) follow(load(card), card.querySelector("a"));
  // A frame may be as high as all of its page: what fills it fills no window.
  if (!link || self !== top || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  follow(enlarge(link), link);
}

/** Where the script cannot be had, it is as if there were none. */
function follow(done: Promise<void>, link: HTMLAnchorElement | null): void {
  done.catch(() => link && location.assign(link.href));
}

addEventListener("posts", offer);
document.addEventListener("click", clicked);
offer();
