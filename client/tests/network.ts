// A server with a log, and a network to it on which everything can go wrong, by chance that a
// seed decides. What arrives takes time, comes in order, and may end in the middle.

import type { Surroundings } from "../src/connection.ts";
import type { Transport, Transports } from "../src/ladder.ts";
import type { Ears, Link } from "../src/line.ts";
import type { Envelope } from "../src/messages.ts";
import { Clock } from "./clock.ts";

/** A message; a snapshot has the ids of all posts. */
export interface Told extends Envelope {
  readonly id?: string;
  readonly posts?: readonly string[];
}

/** What becomes of attempts by one transport: `silent` ones are neither answered nor refused. */
export type Weather = "fair" | "refused" | "silent";

const CATCH_UP = 20; // changes; beyond, a snapshot
const HEARTBEAT = 25_000;

class Wire implements Link {
  private over = false;
  private stuck = false;
  private losing = false;
  private arrival = 0; // of the last that is on its way

  constructor(
    private readonly network: Network,
    readonly transport: Transport,
    private readonly ears: Ears,
  ) {}

  close(): void {
    this.over = true;
    this.network.wires.delete(this);
  }

  /** Nothing arrives any more, and nobody is told. */
  stall(): void {
    this.stuck = true;
    this.network.wires.delete(this);
  }

  /** The next message gets lost, and only that one. */
  lose(): void {
    this.losing = true;
  }

  cut(code: number): void {
    if (this.over) return;
    this.close();
    this.ears.ended(code);
  }

  tell(...messages: readonly Told[]): void {
    for (const message of messages) {
      const lost = this.losing && message.after !== undefined;
      if (lost) this.losing = false;
      else this.carry(() => this.ears.said(JSON.stringify(message)));
    }
  }

  answer(messages: readonly Told[]): void {
    this.carry(() => this.ears.said(JSON.stringify(messages)));
    this.carry(() => this.cut(1000));
  }

  carry(arrive: () => void): void {
    const { network } = this;
    this.arrival = Math.max(this.arrival, network.now() + network.random() * 300);
    network.later(this.arrival - network.now(), () => {
      if (!this.over && !this.stuck) arrive();
    });
  }
}

export class Network extends Clock implements Surroundings {
  readonly transports: Transports = ["socket", "events", "polling"];
  readonly weather: Record<Transport, Weather> = { socket: "fair", events: "fair", polling: "fair" };
  /** Those on which the server tells what happens. */
  readonly wires = new Set<Wire>();
  readonly log: Told[] = [{ type: "post", id: "0", position: "1000-1" }];
  serving = true;
  looking = true;
  connected = true;
  private epoch = 1000;
  private posts = 0;

  constructor(readonly random: () => number) {
    super();
    this.beat();
  }

  visible(): boolean {
    return this.looking;
  }

  online(): boolean {
    return this.connected;
  }

  open(transport: Transport, since: string, ears: Ears): Link {
    const wire = new Wire(this, transport, ears);
    const weather = this.connected && this.serving ? this.weather[transport] : "refused";
    if (weather === "refused") wire.carry(() => wire.cut(1006));
    if (weather === "fair") wire.carry(() => this.serve(wire, since));
    return wire;
  }

  publish(): void {
    const { position: after } = this.head;
    this.posts += 1;
    const seq = Number(after.split("-")[1]) + 1;
    const message = { type: "post", id: `${this.posts}`, position: `${this.epoch}-${seq}`, after };
    this.log.push(message);
    for (const wire of this.wires) wire.tell(message);
  }

  /** A failover: the newest entries are gone, and everybody who was connected starts over. */
  lose(entries: number): void {
    this.log.splice(Math.max(1, this.log.length - entries));
    this.epoch += 1;
    for (const wire of this.wires) wire.tell(...this.from(undefined));
  }

  get head(): Told & { readonly position: string } {
    return this.log[this.log.length - 1] as Told & { readonly position: string };
  }

  private serve(wire: Wire, since: string): void {
    if (wire.transport === "polling") return wire.answer(this.from(since));
    wire.tell(...this.from(since));
    this.wires.add(wire);
  }

  /** Hello, and what changed since, or all. */
  private from(since: string | undefined): Told[] {
    const { position } = this.head;
    const known = this.log.findIndex((entry) => entry.position === since);
    const missed = this.log.slice(known + 1);
    if (known >= 0 && missed.length <= CATCH_UP) return [{ type: "hello", position, resumed: true }, ...missed];
    const posts = this.log.map(({ id }) => id ?? "");
    return [{ type: "hello", position, resumed: false }, { type: "snapshot", position, posts }];
  }

  private beat(): void {
    const { position } = this.head;
    for (const wire of this.wires) wire.tell({ type: "hello", position, resumed: true });
    this.later(HEARTBEAT, () => this.beat());
  }
}

/** Numbers from 0 to 1, always the same for a seed (mulberry32, Tommy Ettinger, public domain). */
export function chances(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
