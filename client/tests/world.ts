// A world without a browser: links that a test drives by hand.

import { Connection, type Standing, type Surroundings } from "../src/connection.ts";
import type { Transport, Transports } from "../src/ladder.ts";
import type { Ears } from "../src/line.ts";
import type { Envelope } from "../src/messages.ts";
import { Clock } from "./clock.ts";

/** A message of any type; tests look at `id`. */
export interface Sent extends Envelope {
  readonly id?: string;
}

class FakeLink {
  open = true;
  constructor(
    readonly transport: Transport,
    readonly since: string,
    private readonly ears: Ears,
  ) {}

  close(): void {
    this.open = false;
  }

  say(...messages: Sent[]): void {
    for (const message of messages) this.mutter(JSON.stringify(message));
  }

  /** Text as it comes, whatever it is. */
  mutter(text: string): void {
    this.ears.said(text);
  }

  /** What the answer to a poll is: all in one, and that was it. */
  answer(...messages: Sent[]): void {
    this.mutter(JSON.stringify(messages));
    this.end(1000);
  }

  end(code = 1006): void {
    this.open = false;
    this.ears.ended(code);
  }
}

export class World extends Clock implements Surroundings {
  readonly links: FakeLink[] = [];
  readonly heard: string[] = [];
  readonly standings: Standing[] = [];
  readonly connection: Connection<Sent>;
  chance = 0.5;
  looking = true;
  connected = true;
  /** By which transport the page was told last that it stands. */
  transport: Transport | undefined;

  constructor(position = "1000-5", readonly transports: Transports = ["socket"]) {
    super();
    const listener = {
      message: ({ id, type }: Sent) => void this.heard.push(id ?? type),
      standing: (standing: Standing, transport: Transport) => {
        this.standings.push(standing);
        this.transport = transport;
      },
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

  open(transport: Transport, since: string, ears: Ears): FakeLink {
    const link = new FakeLink(transport, since, ears);
    this.links.push(link);
    return link;
  }

  random(): number {
    return this.chance;
  }

  visible(): boolean {
    return this.looking;
  }

  online(): boolean {
    return this.connected;
  }
}

export const hello = (position: string, resumed = true): Sent => ({ type: "hello", position, resumed });
export const snapshot = (position: string): Sent => ({ type: "snapshot", position });
export const post = (id: string, position: string, after: string): Sent => ({ type: "post", id, position, after });
