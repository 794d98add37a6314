// The one connection to the server: a state machine that keeps a page at the log's head.
//
// It knows positions and time, and nothing of the browser: sockets, clock and chance are given to
// it (browser.ts has the real ones), so that other transports can be put under it and tests can
// drive it. It loses nothing: it always says where it stands, checks that nothing was left out,
// and comes back by itself, spread over time so that ten thousand do not come back at once.

import type { Envelope } from "./messages.ts";
import { isBefore } from "./position.ts";

/** One attempt at a link, however it is carried. */
export interface Link {
  /** End it; `ended` may or may not be called for it afterwards. */
  close(): void;
}

/** What a link reports. */
export interface Ears {
  /** One message: JSON text. */
  said(text: string): void;
  /** The link is over, with a websocket close code. */
  ended(code: number): void;
}

/** The world as a connection sees it. Times in milliseconds. */
export interface Surroundings {
  open(since: string, ears: Ears): Link;
  now(): number;
  /** From 0 to 1. */
  random(): number;
  /** Run once after a delay; what it returns cancels that. */
  later(delay: number, run: () => void): () => void;
  /** Whether somebody may be looking at the page. */
  visible(): boolean;
}

/** `stopped`: the server said not to come back, or `stop` was called. */
export type Standing = "connecting" | "live" | "waiting" | "stopped";

/** Whom a connection serves. */
export interface Listener<Message> {
  /** In the log's order, and none left out; its position counts once this has returned. */
  message(message: Message): void;
  standing(standing: Standing): void;
}

const FIRST_WINDOW = 1_000; // of the first retry; it doubles from there
const WINDOW = { visible: 4_000, hidden: 60_000 };
const STEADY = 5_000; // a link that held so long was no failure
const HELLO_WITHIN = 10_000;
const QUIET = 60_000; // plus chance: a link as silent as that is asked again
const DOUBTFUL = 30_000; // the same, where the page just woke up

const GO_AWAY: ReadonlySet<number> = new Set([4401, 4404]);
const CROWDED: ReadonlySet<number> = new Set([1012, 4408, 4429]);

const nothing = (): void => {};

export class Connection<Message extends Envelope> {
  /** What every message up to which has been given to the listener. */
  position: string;

  private link: Link | undefined;
  private standing: Standing | undefined;
  private cancel: () => void = nothing; // the one timer: of the retry, or of the watchdog
  private unchecked: string; // up to here nothing is compared with `after`: it is catching up
  private failures = 0;
  private openedAt = 0;
  private heardAt = 0;

  constructor(
    private readonly around: Surroundings,
    private readonly listener: Listener<Message>,
    position: string,
  ) {
    this.position = this.unchecked = position;
  }

  /** Connect now, whatever was going on. */
  start(): void {
    this.leave();
    this.openedAt = this.heardAt = this.around.now();
    const link: Link = this.around.open(this.position, {
      said: (text) => void (this.link === link && this.hear(text)),
      ended: (code) => void (this.link === link && this.lost(code)),
    });
    this.link = link;
    this.watch(HELLO_WITHIN);
    this.stand("connecting");
  }

  /** Connect no more, until `start`. */
  stop(): void {
    this.leave();
    this.stand("stopped");
  }

  /** The page is looked at again, or the network has changed: a good moment to try. */
  wake(networkChanged = false): void {
    const doubtful = networkChanged || this.silence() > DOUBTFUL;
    if (this.standing === "waiting" || (this.standing === "live" && doubtful)) this.start();
  }

  private leave(): void {
    const link = this.link;
    this.link = undefined;
    this.cancel();
    this.cancel = nothing;
    link?.close();
  }

  private stand(standing: Standing): void {
    if (this.standing === standing) return;
    this.standing = standing;
    this.listener.standing(standing);
  }

  private hear(text: string): void {
    const message = JSON.parse(text) as Message;
    this.heardAt = this.around.now();
    if (message.type === "hello") {
      if (message.resumed && message.position) this.unchecked = message.position;
      this.listener.message(message);
      this.watch(QUIET * (1 + this.around.random()));
      this.stand("live");
    } else if (message.position === undefined) {
      this.listener.message(message);
    } else {
      this.advance(message, message.position);
    }
  }

  private advance(message: Message, position: string): void {
    if (message.type === "snapshot") {
      this.unchecked = position;
    } else if (isBefore(position, this.position)) {
      return;
    } else if (this.skipped(message, position)) {
      this.lost();
      return;
    }
    this.listener.message(message);
    this.position = position;
  }

  private skipped({ after }: Message, position: string): boolean {
    return after !== undefined && isBefore(this.unchecked, position) && isBefore(this.position, after);
  }

  private lost(code?: number): void {
    const held = this.standing === "live" && this.around.now() - this.openedAt > STEADY;
    this.leave();
    if (code !== undefined && GO_AWAY.has(code)) {
      this.stand("stopped");
      return;
    }
    const crowded = code !== undefined && CROWDED.has(code);
    if (held) this.failures = 0;
    this.cancel = this.around.later(this.delay(crowded), () => this.start());
    this.failures += 1;
    this.stand("waiting");
  }

  /** Full jitter: anywhere in a window that doubles with each failure; the widest if crowded. */
  private delay(crowded: boolean): number {
    const widest = this.around.visible() ? WINDOW.visible : WINDOW.hidden;
    const doubled = FIRST_WINDOW * 2 ** this.failures;
    const window = crowded ? Math.max(doubled, WINDOW.visible) : doubled;
    return this.around.random() * Math.min(window, widest);
  }

  /** Sees to it that a silent link is asked again; a resume costs next to nothing. */
  private watch(limit: number): void {
    this.cancel();
    this.cancel = this.around.later(limit, () => {
      if (this.standing === "connecting") this.lost();
      else if (this.around.visible() && this.silence() >= limit) this.start();
      else this.watch(limit);
    });
  }

  private silence(): number {
    return this.around.now() - this.heardAt;
  }
}
