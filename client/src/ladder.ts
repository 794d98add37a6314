// Which way to the server: the best transport that works from here, and when to try a better one.
//
// A link without a hello is blocked on its way, or the server is down; only another transport
// that works meanwhile tells which. So failures lead down the ladder, rung by rung, and whoever
// gets a hello below tries above again soon: only what fails then was blocked, and is tried ever
// more seldom. Where everything fails the server is down: then the top is what is waited for, and
// the rest is looked at once in a while.

/** How messages come: a websocket, server-sent events, or by asking again and again. */
export type Transport = "socket" | "events" | "polling";

export type Transports = readonly [best: Transport, ...others: Transport[]];

const TRIES = 2; // of a transport before the next; a silent one costs too much time for a second
const TRIES_PROVEN = 6; // of one that has worked from here: a server that restarts is likelier
const TRIES_AT_MOST = 16; // of the best, once everything has failed again and again
const SOON = 5_000; // of the first trial of a better one; in milliseconds, as all times
const SELDOM = 60_000; // of the second; it doubles from there
const SELDOM_AT_MOST = 600_000;

export class Ladder {
  private rung = 0;
  private tries = TRIES; // that are left on this rung
  private rounds = 0; // in which every transport has failed
  private trials = 0; // of better ones, since there was reason to hope

  constructor(private readonly transports: Transports) {}

  /** The one to use now. */
  get transport(): Transport {
    return this.transports[this.rung] ?? this.transports[0];
  }

  /** A better one to try, where there is one: from the bottom each in turn. */
  get better(): Transport | undefined {
    return this.rung === 0 ? undefined : this.transports[this.trials % this.rung];
  }

  /** How long to leave `better` alone; `chance` is from 0 to 1. */
  pause(chance: number): number {
    if (this.trials === 0) return chance * SOON;
    return Math.min(SELDOM * 2 ** (this.trials - 1), SELDOM_AT_MOST) * (0.5 + chance);
  }

  /** The present one failed; `silent`: it took all its time for that. */
  failed(silent: boolean): void {
    this.tries = silent && this.rounds === 0 ? 0 : this.tries - 1;
    if (this.tries > 0) return;
    this.rung = (this.rung + 1) % this.transports.length;
    if (this.rung > 0) {
      this.tries = 1;
    } else {
      this.rounds += 1;
      this.tries = Math.min(TRIES * 2 ** this.rounds, TRIES_AT_MOST);
    }
  }

  /** The present one has served for so long. */
  worked(time: number): void {
    this.tries = TRIES_PROVEN;
    this.rounds = 0;
    if (this.rung === 0 && time > SELDOM) this.trials = 0;
  }

  /** `better` was tried; it is the present one now if that went well. */
  tried(transport: Transport, well: boolean): void {
    this.trials += 1; // also if it went well: it has yet to show that it lasts
    if (!well) return;
    this.rung = this.transports.indexOf(transport);
    this.tries = TRIES;
    this.rounds = 0;
  }

  /** Something is new here, perhaps the network: what was blocked may not be any more. */
  hope(): void {
    this.trials = 0;
    this.rounds = 0;
    this.tries = Math.max(TRIES, this.tries);
  }
}
