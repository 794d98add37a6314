// A world without a browser: links that a test drives by hand, a clock that moves when told.

import { Connection, type Ears, type Standing, type Surroundings } from "../src/connection.ts";
import type { Envelope } from "../src/messages.ts";

/** A message of any type; tests look at `id`. */
export interface Sent extends Envelope {
  readonly id?: string;
}

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

class FakeLink {
  open = true;
  constructor(readonly since: string, private readonly ears: Ears) {}

  close(): void {
    this.open = false;
  }

  say(...messages: Sent[]): void {
    for (const message of messages) this.ears.said(JSON.stringify(message));
  }

  end(code = 1006): void {
    this.open = false;
    this.ears.ended(code);
  }
}

export class World implements Surroundings {
  readonly links: FakeLink[] = [];
  readonly heard: string[] = [];
  readonly standings: Standing[] = [];
  readonly connection: Connection<Sent>;
  chance = 0.5;
  looking = true;
  private time = 0;
  private timers: Timer[] = [];

  constructor(position = "1000-5") {
    const listener = {
      message: ({ id, type }: Sent) => void this.heard.push(id ?? type),
      standing: (standing: Standing) => void this.standings.push(standing),
    };
    this.connection = new Connection<Sent>(this, listener, position);
    this.connection.start();
  }

  /** The newest link. */
  get link(): FakeLink {
    const link = this.links[this.links.length - 1];
    if (!link) throw new Error("no link was ever opened");
    return link;
  }

  /** What the page was told last. */
  get standing(): Standing | undefined {
    return this.standings[this.standings.length - 1];
  }

  /** Let time pass; what was due runs in its order. */
  pass(milliseconds: number): void {
    const until = this.time + milliseconds;
    for (;;) {
      const due = this.timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.timers.splice(this.timers.indexOf(due), 1);
      this.time = due.at;
      due.run();
    }
    this.time = until;
  }

  /** How long until the connection tries again. */
  get patience(): number {
    return Math.min(...this.timers.map(({ at }) => at)) - this.time;
  }

  get waitingTimers(): number {
    return this.timers.length;
  }

  open(since: string, ears: Ears): FakeLink {
    const link = new FakeLink(since, ears);
    this.links.push(link);
    return link;
  }

  now(): number {
    return this.time;
  }

  random(): number {
    return this.chance;
  }

  visible(): boolean {
    return this.looking;
  }

  later(delay: number, run: () => void): () => void {
    const timer = { at: this.time + delay, run };
    this.timers.push(timer);
    return () => void (this.timers = this.timers.filter((other) => other !== timer));
  }
}

export const hello = (position: string, resumed = true): Sent => ({ type: "hello", position, resumed });
export const snapshot = (position: string): Sent => ({ type: "snapshot", position });
export const post = (id: string, position: string, after: string): Sent => ({ type: "post", id, position, after });
