// A recording of the day, played along: it and the replay start, stop and jump together. Nobody is
// asked for it before the viewer says so, who is told whom it is asked of.

import { element, say } from "../reader/words.ts";
import { type Alignment, apart, covers, FASTEST, momentOf, offsetFor, SLOWEST, timeOf } from "./align.ts";
import type { Tape } from "./tape.ts";

const RIGHTED = 2_000; // ms between two corrections of the replay by the recording

export class Recording {
  private readonly place = element("recording");
  private readonly offset = element("offset") as HTMLInputElement;
  private readonly align = element("align");
  private media: HTMLVideoElement | undefined;
  private rightedAt = 0;
  private tied = true; // not while the viewer looks for a moment that he knows in both
  private starved = false; // it waits for the network, and the replay for it
  private sounding = false; // what it was last told to do, or said that it does

  /** `began` is when the day did; `changed` is told the seconds after it that the recording begins. */
  constructor(
    private readonly tape: Tape,
    private readonly began: () => number,
    private readonly changed: (offset: number) => void,
  ) {
    const load = element("load");
    load.addEventListener("click", () => this.load(load.dataset.media ?? ""));
    this.offset.addEventListener("change", () => this.realign(Number(this.offset.value)));
    this.align.addEventListener("click", () => (this.tied ? this.tie(false) : this.realignHere()));
  }

  /** The fastest that all can play. */
  get fastest(): number {
    return this.media ? FASTEST : Infinity;
  }

  /** The replay plays, stands, or is somewhere else: follow it. */
  follow(): void {
    const { media, tape } = this;
    if (!media || !this.tied || media.readyState === HTMLMediaElement.HAVE_NOTHING) return;
    if (media.paused === this.sounding) return; // its own button was pressed, and the news is on its way
    if (tape.playing) this.starved = false;
    const time = timeOf(tape.moment, this.alignment);
    const there = covers(time, media.duration);
    media.playbackRate = Math.min(FASTEST, Math.max(SLOWEST, tape.speed));
    if (there && apart(media.currentTime, time, tape.speed)) media.currentTime = time;
    if (tape.playing && there && media.paused) this.start(media);
    if ((!tape.playing || !there) && !media.paused && !this.starved) this.stop(media);
  }

  private start(media: HTMLVideoElement): void {
    this.sounding = true;
    media.play().catch(({ name }: DOMException) => {
      if (name === "AbortError") return; // it was to stop before it had begun
      this.sounding = false;
      this.tape.pause();
    });
  }

  private stop(media: HTMLVideoElement): void {
    this.sounding = false;
    media.pause();
  }

  private get alignment(): Alignment {
    return { from: this.began(), offset: Number(this.offset.value) || 0 };
  }

  private load(address: string): void {
    const media = document.createElement("video");
    this.media = media;
    media.controls = true;
    media.playsInline = true;
    media.preload = "auto";
    media.setAttribute("aria-label", this.place.getAttribute("aria-label") ?? "");
    media.addEventListener("error", () => this.fail());
    media.addEventListener("loadedmetadata", () => this.begin(media), { once: true });
    media.src = address;
    element("load").replaceWith(media);
  }

  private fail(): void {
    this.media?.remove();
    this.media = undefined;
    say("recording", "failed");
  }

  /** Now both are there: whatever is done to the recording is done to the replay. */
  private begin(media: HTMLVideoElement): void {
    const { tape } = this;
    this.align.hidden = false;
    tape.skipSilences(null); // a recording has them too
    if (tape.speed > FASTEST) tape.setSpeed(FASTEST);
    this.follow();
    media.addEventListener("play", () => this.lead(media));
    media.addEventListener("pause", () => this.lead(media));
    media.addEventListener("waiting", () => this.starve(tape.playing));
    media.addEventListener("playing", () => this.starved && tape.play());
    media.addEventListener("seeked", () => this.right(0));
    media.addEventListener("timeupdate", () => this.right(RIGHTED));
    media.addEventListener("ratechange", () => this.tied && tape.setSpeed(media.playbackRate));
  }

  private starve(starved: boolean): void {
    this.starved = starved && this.tied;
    if (this.starved) this.tape.pause();
  }

  /** The viewer has pressed the recording's own button, if it does not do what it was told last. */
  private lead(media: HTMLVideoElement): void {
    const { tape } = this;
    const sounds = !media.paused;
    if (sounds === this.sounding) return; // the news is old, or of our own doing
    this.sounding = sounds;
    if (!sounds) this.starved = false;
    if (!this.tied || media.ended || sounds === tape.playing) return;
    if (sounds) tape.play();
    else tape.pause();
  }

  /** Where the two have come apart, the recording is right: it is what is heard. */
  private right(patience: number): void {
    const { media, tape } = this;
    if (!media || !this.tied || performance.now() - this.rightedAt < patience) return;
    if (!covers(timeOf(tape.moment, this.alignment), media.duration) && media.paused && patience) return;
    if (!apart(media.currentTime, timeOf(tape.moment, this.alignment), tape.speed)) return;
    this.rightedAt = performance.now();
    tape.seek(momentOf(media.currentTime, this.alignment));
  }

  private tie(tied: boolean): void {
    this.tied = tied;
    say("align", tied ? "tied" : "untied");
  }

  /** What is heard and what is seen are of one moment. */
  private realignHere(): void {
    const { currentTime } = this.media ?? { currentTime: 0 };
    this.tie(true);
    this.realign(offsetFor(this.tape.moment, currentTime, this.began()));
  }

  private realign(offset: number): void {
    this.offset.value = String(offset);
    this.changed(offset);
    this.follow();
  }
}
