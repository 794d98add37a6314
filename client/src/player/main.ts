// Plays a card where it stands, once its reader has asked for it: in a sandboxed frame or, where it
// is a video file, by the browser itself. What is loaded from where: events/players.py.

import { fill } from "./keep.ts";

const SANDBOX = "allow-scripts allow-forms allow-popups allow-popups-to-escape-sandbox allow-presentation";
const ALLOW = "fullscreen; picture-in-picture; encrypted-media";

/**
 * Put the player of a card into the place of its button, and the keyboard into the player. Where the
 * post, an element with the id `home`, was put in anew since, it is the same card in that.
 */
export function load(asked: HTMLElement, home: string): void {
  const card = asked.isConnected ? asked : again(asked, home);
  const button = card?.querySelector(":scope > .load");
  const { player: address, plays } = asked.dataset;
  if (!card || !button || !address) return; // a click before this one has loaded it, or it has gone
  const stage = document.createElement("div");
  stage.className = "stage";
  const player = plays === "file" ? video(card, address) : frame(card, address);
  stage.append(player);
  button.replaceWith(stage);
  player.focus({ preventScroll: true });
}

function again({ dataset }: HTMLElement, home: string): HTMLElement | undefined {
  const cards = document.getElementById(home)?.querySelectorAll<HTMLElement>(".card") ?? [];
  return [...cards].find((card) => card.dataset.player === dataset.player);
}

function frame(card: HTMLElement, address: string): HTMLIFrameElement {
  const frame = document.createElement("iframe");
  const foreign = new URL(address).origin !== location.origin;
  // Its own origin is what a player works with; ours would let it out of its box.
  frame.setAttribute("sandbox", foreign ? `${SANDBOX} allow-same-origin` : SANDBOX);
  frame.referrerPolicy = card.dataset.referrer === "strict-origin" ? "strict-origin" : "no-referrer";
  frame.allow = ALLOW;
  frame.title = titleOf(card);
  frame.src = address;
  return frame;
}

function video(card: HTMLElement, address: string): HTMLVideoElement {
  const video = document.createElement("video");
  video.controls = true;
  video.preload = "none";
  video.playsInline = true;
  video.setAttribute("aria-label", titleOf(card));
  if (card.dataset.captions) caption(video, card.dataset.captions);
  video.src = address;
  video.play().catch(() => undefined); // who lets nothing play by itself has the controls
  return video;
}

/**
 * Captions of another host need its leave (CORS), and then the video does too: a host that gives
 * none has its video shown without them. The card links to them all the same.
 */
function caption(video: HTMLVideoElement, address: string): void {
  const track = document.createElement("track");
  track.kind = "captions";
  track.src = address;
  track.default = true;
  video.append(track);
  video.crossOrigin = "anonymous";
  const without = (): void => {
    track.remove();
    video.crossOrigin = null;
    video.load();
    video.play().catch(() => undefined);
  };
  video.addEventListener("error", without, { once: true });
}

function titleOf(card: HTMLElement): string {
  return card.querySelector(".title")?.textContent ?? "";
}

// A post that is edited is put in anew. What plays in it stays, if the post still has it.
addEventListener("filling", (event) => {
  const { target, detail } = event as CustomEvent<readonly Node[]>;
  if (fill(target as Element, detail)) event.preventDefault();
});
