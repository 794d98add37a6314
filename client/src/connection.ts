// The one connection to the server: a state machine that keeps a page at the log's head.
//
// It knows positions and time, and nothing of the browser: links, clock and chance are given to
// it (browser.ts has the real ones), so that tests can drive it. It loses nothing: it always says
// where it stands, checks that nothing was left out, and comes back by itself, spread over time
// so that ten thousand do not come back at once. By which transport is ladder.ts' affair.

import { Ladder, type Transport, type Transports } from "./ladder.ts";
import { ANSWERED, Line, LOST, type Outside, type Owner } from "./line.ts";
import type { Envelope } from "./messages.ts";
import { isBefore } from "./position.ts";

/** The world as a connection sees it. Times in milliseconds. */
export interface Surroundings extends Outside {
  readonly transports: Transports;
  /** From 0 to 1. */
  random(): number;
  /** Whether somebody may be looking at the page. */
  visible(): boolean;
  /** Whether there may be a network at all. */
  online(): boolean;
}

/** `stopped`: the server said not to come back. */
export type Standing = "connecting" | "live" | "waiting" | "stopped";

/** Whom a connection serves. */
export interface Listener<Message> {
  /** In the log's order, and none left out; its position counts once this has returned. */
  message(message: Message): void;
  /** With the transport that is used, or tried. */
  standing(standing: Standing, transport: Transport): void;
}

const FIRST_WINDOW = 1_000; // of the first retry; it doubles from there
const WINDOW = { visible: 4_000, hidden: 60_000 };
const POLL = { visible: 3_000, hidden: 60_000 }; // plus chance, up to the same again
const STEADY = 5_000; // a link that held so long was no failure
const QUIET = 60_000; // plus chance: a link as silent as that is asked again
const DOUBTFUL = 35_000; // the same, where the page just woke up
const TICK = 15_000; // how often silence is looked at: after a machine's sleep timers run late

const TOO_MANY = 4429; // of whom each asks ever more seldom, also while somebody looks
// What the server's close codes ask for; whoever hears one of them has a way to the server.
const GO_AWAY: ReadonlySet<number | undefined> = new Set([1008, 4401, 4404]);
const COME_BACK: ReadonlySet<number | undefined> = new Set([1011, 1012, 4408, TOO_MANY]);
const WRONG_ADDRESS = 1008; // in the server's mouth; it is also what middleboxes forbid sockets with

const nothing = (): void => {};

export class Connection<Message extends Envelope> {
  /** What every message up to which has been given to the listener. */
  position: string;

  private readonly ladder: Ladder;
  private line: Line<Message> | undefined; // none while it waits, also for the next poll
  private trial: Line<Message> | undefined; // by a better transport, beside a line that works
  private cancel: () => void = nothing; // the timer of the retry, the next poll or the watchdog
  private cancelTrial: (() => void) | undefined;
  private told: string | undefined;
  private standing: Standing = "stopped";
  private unchecked: string; // up to here nothing is compared with `after`: it is catching up
  private floor: string; // where the present line took over
  private failures = 0;
  private heardAt = 0;

  constructor(
    private readonly around: Surroundings,
    private readonly listener: Listener<Message>,
    position: string,
  ) {
    this.ladder = new Ladder(around.transports);
    this.position = this.unchecked = this.floor = position;
  }

  /** Connect now, whatever was going on. */
  start(): void {
    this.ladder.hope();
    this.forgetTrial();
    this.connect();
  }

  /** Connect no more, until `start`. Nobody is told: whoever calls this knows. */
  stop(): void {
    this.leave();
    this.forgetTrial();
    this.standing = "stopped";
    this.told = undefined;
  }

  /** The page is looked at again, or the network is back: a good moment to try. */
  wake(networkChanged = false): void {
    if (this.standing === "stopped") return;
    this.ladder.hope();
    this.forgetTrial();
    if (networkChanged) this.failures = 0;
    const quiet = this.ladder.transport === "polling" ? POLL.visible : DOUBTFUL;
    const doubtful = this.standing === "live" && this.silence() > quiet;
    if (networkChanged || doubtful || this.standing === "waiting") this.connect();
    else if (this.standing === "live") this.planTrial();
  }

  /** The network is gone, as far as the browser knows. A link may have survived: it will be heard. */
  doubt(): void {
    if (this.standing === "live") this.stand("waiting");
  }

  private connect(standing: Standing = "connecting"): void {
    this.leave();
    this.heardAt = this.around.now();
    this.floor = this.position;
    this.line = this.open(this.ladder.transport);
    this.stand(standing);
  }

  private open(transport: Transport): Line<Message> {
    const owner: Owner<Message> = {
      heard: (line, message) => this.hear(line, message),
      ended: (line, code) => (line === this.trial ? this.failedTrial(code) : this.lost(line, code)),
    };
    return new Line<Message>(this.around, owner, transport, this.position);
  }

  private leave(): void {
    this.line?.close();
    this.line = undefined;
    this.cancel();
    this.cancel = nothing;
  }

  private stand(standing: Standing): void {
    this.standing = standing;
    const told = `${standing} ${this.ladder.transport}`;
    if (this.told === told) return;
    this.told = told;
    this.listener.standing(standing, this.ladder.transport);
  }

  private hear(line: Line<Message>, message: Message): void {
    if (line === this.trial) this.adopt(line);
    this.heardAt = this.around.now();
    if (message.type === "hello") {
      if (message.resumed && message.position) this.unchecked = message.position;
      this.listener.message(message);
      this.watch(QUIET * (1 + this.around.random()));
      this.planTrial();
    } else if (message.position === undefined) {
      this.listener.message(message);
    } else if (!this.advance(message, message.position)) {
      return line.end(LOST);
    }
    this.stand("live");
  }

  /** Give a message to the listener unless it has it; false if one before it is missing. */
  private advance(message: Message, position: string): boolean {
    if (message.type === "snapshot") this.unchecked = this.floor = position;
    else if (isBefore(position, this.position) || position === this.floor) return true;
    else if (this.skipped(message, position)) return false;
    this.listener.message(message);
    this.position = position;
    return true;
  }

  private skipped({ after }: Message, position: string): boolean {
    return after !== undefined && isBefore(this.unchecked, position) && isBefore(this.position, after);
  }

  private lost(line: Line<Message>, code: number | undefined): void {
    this.leave();
    if (GO_AWAY.has(code)) return this.obey();
    const answered = line.transport === "polling" && line.greeted && code === ANSWERED;
    const held = line.greeted && line.age > STEADY;
    if (answered || held) {
      this.failures = 0;
      this.ladder.worked(line.age);
    }
    if (answered) return this.pollLater();
    this.forgetTrial();
    const invited = COME_BACK.has(code);
    if (!held && !invited && this.around.online()) this.ladder.failed(code === undefined);
    this.cancel = this.around.later(this.delay(invited, code === TOO_MANY), () => this.connect());
    this.failures += 1;
    this.stand("waiting");
  }

  /** The server wants us no more. */
  private obey(): void {
    this.stop();
    this.stand("stopped");
  }

  private pollLater(): void {
    const least = this.around.visible() ? POLL.visible : POLL.hidden;
    const delay = least * (1 + this.around.random());
    this.cancel = this.around.later(delay, () => this.connect(this.standing));
  }

  /** Full jitter: anywhere in a window that doubles with each failure; a wide one for the invited. */
  private delay(invited: boolean, crowded: boolean): number {
    const { visible, hidden } = WINDOW;
    if (!this.around.online()) return this.around.random() * hidden;
    const widest = this.around.visible() && !crowded ? visible : hidden;
    const doubled = FIRST_WINDOW * 2 ** this.failures;
    const window = invited ? Math.max(doubled, visible) : doubled;
    return this.around.random() * Math.min(window, widest);
  }

  /** Sees to it that a silent link is asked again; a resume costs next to nothing. */
  private watch(limit: number): void {
    this.cancel();
    this.cancel = this.around.later(Math.min(limit, TICK), () => {
      if (this.around.visible() && this.silence() >= limit) this.connect();
      else this.watch(limit);
    });
  }

  private silence(): number {
    return this.around.now() - this.heardAt;
  }

  /** See to it that a better transport is tried one day. Nobody looks, nothing is tried. */
  private planTrial(): void {
    const { better } = this.ladder;
    if (!better || this.trial || this.cancelTrial || !this.around.visible()) return;
    this.cancelTrial = this.around.later(this.ladder.pause(this.around.random()), () => {
      this.cancelTrial = undefined;
      if (this.around.visible()) this.trial = this.open(better);
    });
  }

  /** The better one has said hello: it goes on from here, also where it began a little earlier. */
  private adopt(line: Line<Message>): void {
    this.leave();
    this.trial = undefined;
    this.line = line;
    this.floor = this.position;
    this.ladder.tried(line.transport, true);
  }

  private failedTrial(code: number | undefined): void {
    // What works asks for the same. So it is no wrong address: somebody between us forbids this way.
    if (GO_AWAY.has(code) && code !== WRONG_ADDRESS) return this.obey();
    if (this.trial) this.ladder.tried(this.trial.transport, false);
    this.trial = undefined;
    this.planTrial();
  }

  private forgetTrial(): void {
    this.trial?.close();
    this.trial = undefined;
    this.cancelTrial?.();
    this.cancelTrial = undefined;
  }
}
