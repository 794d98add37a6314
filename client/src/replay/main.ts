// The script of a replay: the blog's own page, fed by the replay's socket, under a deck of controls.

import { jumpInPlace } from "../reader/jumps.ts";
import { Page } from "../reader/page.ts";
import { holdStill } from "../reader/still.ts";
import { Told } from "../reader/told.ts";
import { element, say } from "../reader/words.ts";
import { Address } from "./address.ts";
import { Deck } from "./deck.ts";
import { handOn } from "./hand.ts";
import { Marks, marksOf } from "./marks.ts";
import { Recording } from "./recording.ts";
import { Scrubber } from "./scrubber.ts";
import { listenToKeys } from "./shortcuts.ts";
import { type Standing, Tape } from "./tape.ts";
import { day, minutes } from "./times.ts";
import { wire } from "./wire.ts";

const OFTEN = 100; // ms between two looks at the clock while it plays
const GROWTH = 30_000; // ms after which is asked what has happened since, if only a withdrawal
const CLOSED: ReadonlySet<number> = new Set([401, 403, 404]);
const MINUTE = 60_000;

const main = element("blog");
const { at = "", end = "", home = "", speed } = element("player").dataset;
const begin = Date.parse(at);

let marks = new Marks(begin, Math.max(begin, Date.parse(end)), []);
const told = new Told();
const page = new Page(main, Number(main.dataset.position?.split("-")[1]), told);
const address = new Address(begin);
const scrubber = new Scrubber((moment) => tape.seek(moment));
const tape = new Tape(wire(`${home}/replay/live`), { message, moved, standing }, begin, Number(speed));
const recording = document.getElementById("recording")
  ? new Recording(tape, () => marks.from, (offset) => address.set("offset", String(offset)))
  : undefined;
const deck = new Deck(
  tape,
  () => marks,
  () => recording?.fastest ?? Infinity,
  (moment) => address.of(moment),
);

let timer: ReturnType<typeof setTimeout> | undefined;
let lesson: ReturnType<typeof setTimeout> | undefined;
let shown = begin;
let pace = tape.speed;

holdStill();
jumpInPlace();
handOn(() => address.of(tape.moment), told);
listenToKeys({
  " ": () => deck.turn(),
  k: () => deck.turn(),
  p: () => deck.earlier(),
  n: () => deck.later(),
  ArrowLeft: () => deck.pass(-MINUTE),
  ArrowRight: () => deck.pass(MINUTE),
  ",": () => deck.shift(-1),
  ".": () => deck.shift(1),
  s: () => deck.skip(),
});
addEventListener("posts", dress);
addEventListener("popstate", () => address.hold(tape.moment));
addEventListener("pagehide", () => tape.rest());
document.addEventListener("visibilitychange", () => void learn());
makeRoom();
void learn();
deck.show();

function message(said: Parameters<Page["take"]>[0]): void {
  page.take(said);
}

function moved(): void {
  clearTimeout(timer);
  timer = undefined;
  const { moment, playing, ended } = tape;
  scrubber.show(moment);
  deck.show();
  recording?.follow();
  if (moment !== shown) address.hold(moment);
  // What plays speaks for itself, by the posts that come; a jump is told.
  if (!playing && moment !== shown) told.say(`${minutes(moment)}, ${day(moment)}`);
  if (tape.speed !== pace) address.set("speed", String(tape.speed));
  shown = moment;
  pace = tape.speed;
  element("ended").hidden = !ended;
  if (playing) timer = setTimeout(moved, OFTEN);
}

function standing(now: Standing): void {
  main.dataset.link = now;
  say("connection", now);
  if (now === "stopped") void learn();
}

/** What the page does not know of being a replay: its title, that it is empty, where older posts are. */
function dress(): void {
  element("nothing").hidden = document.querySelector("#posts > [data-id]") !== null;
  const [count = ""] = /^\(\d+\) /.exec(document.title) ?? [];
  document.title = `${count}${element("title").textContent} – ${element("player-title").textContent}`;
  const { more } = page.stretch;
  const older = new URL(more.href);
  older.searchParams.set("at", new Date(tape.moment).toISOString());
  more.href = older.href;
}

/** Leave room below the page for the deck, however high it is. */
function makeRoom(): void {
  const player = element("player");
  new ResizeObserver(() => {
    document.documentElement.style.setProperty("--deck", `${player.offsetHeight}px`);
  }).observe(player);
}

/** Ask what happened when, and again while somebody may be looking. */
async function learn(): Promise<void> {
  clearTimeout(lesson);
  lesson = setTimeout(() => void learn(), GROWTH);
  const before = marks;
  if (!document.hidden) marks = (await asked()) ?? marks;
  scrubber.renew(marks);
  scrubber.show(tape.moment);
  deck.count();
  deck.prune();
  // What is shown may be shown no more: by the socket it would have been told.
  if (tape.alone && marks.withdrewSince(before)) tape.seek(tape.moment);
  if (tape.ended && marks.after(tape.moment) !== undefined) tape.goOn();
  deck.show();
}

/**
 * What the server knows of the day; undefined where it cannot be asked, or makes no sense. Where it
 * may not be seen any more, what is shown goes too: the page that comes instead says why.
 */
async function asked(): Promise<Marks | undefined> {
  try {
    const answer = await fetch(`/api${home}/marks`, { cache: "no-cache" });
    if (CLOSED.has(answer.status)) location.reload();
    return answer.ok ? marksOf(await answer.json()) : undefined;
  } catch {
    return undefined;
  }
}
