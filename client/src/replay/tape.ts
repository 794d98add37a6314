// The replay's connection: plays, pauses and seeks over one socket, and when that drops it comes
// back at the moment where it was. Nothing is asked of the server before it is asked of us.
//
// It knows nothing of the browser (wire.ts does): what is wanted is kept here, and sent as soon as
// there is somebody to send it to. Seeks wait for the answer to the one before, and only the last
// of them counts: a scrubber that is dragged is no storm.

import { type Ears, Line, type Link, type Outside } from "../line.ts";
import type { ReaderMessage } from "../messages.ts";
import type { Clock, ReplayMessage, Wish } from "./messages.ts";
import { Playhead } from "./playhead.ts";

/** A link that can be spoken to once it has said hello. */
export interface Channel extends Link {
  send(text: string): void;
}

/** The world as a tape sees it. Times in milliseconds. */
export interface Surroundings extends Pick<Outside, "now" | "later"> {
  /** Open the socket with this query. */
  open(query: string, ears: Ears): Channel;
  /** From 0 to 1. */
  random(): number;
}

export type Standing = "idle" | "live" | "waiting" | "stopped";

/** Whom a tape serves. */
export interface Listener {
  /** What the page is to take in, in the log's order. */
  message(message: ReaderMessage): void;
  /** Where it stands, or whether it plays, is not what it was. */
  moved(): void;
  standing(standing: Standing): void;
}

/** What a viewer wants, whether or not the server knows of it already. */
interface Wanted {
  readonly playing: boolean;
  readonly speed: number;
  /** Seconds of the day: the longest silence that is played; null where all are. */
  readonly longest: number | null;
}

const GO_AWAY: ReadonlySet<number | undefined> = new Set([1008, 4401, 4403, 4404]);
const FIRST_WINDOW = 1_000; // of the first retry; it doubles from there
const WINDOW = 4_000;
const SHORTEST = 0.1; // seconds of ours: no shorter silence can be asked for
const PACE = 100; // between two wishes; the server allows some 20 a second

export class Tape {
  private readonly head: Playhead;
  private wanted: Wanted;
  private told: Wanted;
  private sought: number | undefined; // where to, if the server was not asked yet
  private awaited = false; // a snapshot that a seek or the beginning will bring
  private line: Line<ReplayMessage> | undefined;
  private channel: Channel | undefined;
  private cancel: (() => void) | undefined; // of the retry
  private unpace: (() => void) | undefined;
  private failures = 0;

  /** `moment` is in milliseconds since 1970. */
  constructor(
    private readonly around: Surroundings,
    private readonly listener: Listener,
    moment: number,
    speed: number,
  ) {
    this.head = new Playhead(moment);
    this.wanted = this.told = { playing: false, speed, longest: null };
  }

  get moment(): number {
    return this.head.at(this.around.now());
  }

  get playing(): boolean {
    return this.wanted.playing;
  }

  get speed(): number {
    return this.wanted.speed;
  }

  /** Whether nobody tells it anything, nor will. */
  get alone(): boolean {
    return !this.line && !this.cancel;
  }

  get ended(): boolean {
    return this.head.ended;
  }

  play(): void {
    this.want({ playing: true });
  }

  pause(): void {
    this.want({ playing: false });
  }

  setSpeed(speed: number): void {
    this.want({ speed });
  }

  skipSilences(longest: number | null): void {
    this.want({ longest });
  }

  seek(moment: number): void {
    this.sought = moment;
    this.head.ended = false;
    this.head.set(moment, this.around.now());
    this.stand(this.wanted);
    this.listener.moved();
    this.proceed();
  }

  /** More has happened: it is at the end no longer. */
  goOn(): void {
    this.head.ended = false;
    this.listener.moved();
  }

  /** Let go of the socket, and play no more: the page is left. */
  rest(): void {
    this.leave();
    this.stand({ ...this.wanted, playing: false });
    this.listener.standing("idle");
  }

  private want(change: Partial<Wanted>): void {
    const { playing, speed } = this.wanted;
    this.stand({ ...this.wanted, ...change });
    if (playing !== this.wanted.playing || speed !== this.wanted.speed) this.listener.moved();
    // Who only sets something up needs no server yet.
    if (this.line || this.wanted.playing) this.proceed();
  }

  private stand(wanted: Wanted): void {
    this.wanted = wanted;
    const there = this.line?.greeted === true && !this.awaited && this.sought === undefined;
    this.head.run(there && wanted.playing, wanted.speed, this.around.now());
  }

  /** Say what was not said yet, if there is somebody to say it to; else see to it that there is. */
  private proceed(): void {
    if (!this.line) return void (this.cancel ?? this.connect());
    if (!this.line.greeted || this.unpace) return;
    const wishes = this.wishes();
    if (wishes.length === 0) return;
    for (const wish of wishes) this.channel?.send(JSON.stringify(wish));
    this.unpace = this.around.later(PACE, () => {
      this.unpace = undefined;
      this.proceed();
    });
  }

  /** What is wanted and was not told; from here on it counts as told. */
  private wishes(): Wish[] {
    const { wanted, told, sought } = this;
    const wishes: Wish[] = [];
    if (sought !== undefined && !this.awaited) {
      wishes.push({ type: "seek", to: rfc3339(sought) });
      this.sought = undefined;
      this.awaited = true;
    }
    if (wanted.speed !== told.speed) wishes.push({ type: "speed", speed: wanted.speed });
    if (waited(wanted) !== waited(told)) wishes.push({ type: "skip_silences", longest: waited(wanted) });
    if (wanted.playing !== told.playing) wishes.push({ type: wanted.playing ? "play" : "pause" });
    this.told = wanted;
    return wishes;
  }

  private connect(): void {
    const { around, wanted } = this;
    const from = rfc3339(this.moment);
    const query = `from=${from}&speed=${wanted.speed}&as=html${wanted.playing ? "" : "&paused=1"}`;
    const outside: Outside = {
      now: () => around.now(),
      later: (delay, run) => around.later(delay, run),
      open: (_, asked, ears) => (this.channel = around.open(asked, ears)),
    };
    this.sought = undefined;
    this.awaited = true;
    this.told = { ...wanted, longest: null };
    this.cancel = undefined;
    this.line = new Line<ReplayMessage>(outside, {
      heard: (_, message) => this.hear(message),
      ended: (_, code) => this.lost(code),
    }, "socket", query);
  }

  private hear(message: ReplayMessage): void {
    switch (message.type) {
      case "clock":
        return this.tick(message);
      case "problem":
        this.awaited = false; // what was asked for last will not come
        return this.proceed();
      case "hello":
        this.failures = 0;
        this.listener.standing("live");
        this.listener.message(message);
        return this.proceed();
      case "snapshot":
        this.awaited = false;
        this.listener.message(message);
        return this.proceed();
      default:
        // What was on its way when a seek was asked for belongs to where it was.
        if (!this.awaited) this.listener.message(message);
    }
  }

  private tick(clock: Clock): void {
    if (this.awaited || this.sought !== undefined) return; // of where it was before
    const now = this.around.now();
    this.head.set(Date.parse(clock.at), now);
    this.head.ended = clock.ended;
    if (clock.ended) this.wanted = this.told = { ...this.wanted, playing: false };
    this.stand(this.wanted);
    this.listener.moved();
  }

  private lost(code: number | undefined): void {
    this.leave();
    this.stand(GO_AWAY.has(code) ? { ...this.wanted, playing: false } : this.wanted);
    this.listener.moved();
    if (GO_AWAY.has(code)) return this.listener.standing("stopped");
    const window = Math.min(FIRST_WINDOW * 2 ** this.failures, WINDOW);
    this.failures += 1;
    this.cancel = this.around.later(this.around.random() * window, () => this.connect());
    this.listener.standing("waiting");
  }

  private leave(): void {
    this.head.set(this.moment, this.around.now());
    this.line?.close();
    this.line = this.channel = undefined;
    this.cancel?.();
    this.unpace?.();
    this.cancel = this.unpace = undefined;
  }
}

/** Seconds of ours that a silence takes at most, which is how the server counts them. */
function waited({ longest, speed }: Wanted): number | null {
  return longest === null ? null : Math.max(SHORTEST, longest / speed);
}

function rfc3339(moment: number): string {
  return new Date(Math.floor(moment)).toISOString();
}
