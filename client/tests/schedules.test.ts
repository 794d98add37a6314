// Random days on a bad network: whatever goes wrong, in the end the page holds the whole log, it
// was told nothing twice and nothing out of order, and it is back on the best transport.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Connection, type Standing } from "../src/connection.ts";
import type { Transport } from "../src/ladder.ts";
import { chances, Network, type Told, type Weather } from "./network.ts";

const SECOND = 1_000;
const MINUTE = 60_000;
const DAYS = 300;
const MISHAPS = 120; // a day

/** A page: what it holds, and whether it was told what it must not be. */
class Page {
  held: string[] = ["0"];
  standing: Standing | undefined;
  transport: Transport | undefined;

  message({ type, id, posts }: Told): void {
    if (type === "snapshot") this.held = [...(posts ?? [])];
    if (type !== "post" || id === undefined) return;
    assert.ok(Number(id) > Number(this.held[this.held.length - 1]), `${id} after ${this.held.slice(-3)}`);
    this.held.push(id);
  }

  stands(standing: Standing, transport: Transport): void {
    this.standing = standing;
    this.transport = transport;
  }
}

class Day {
  readonly page = new Page();
  readonly random: () => number;
  readonly network: Network;
  readonly connection: Connection<Told>;

  constructor(seed: number) {
    this.random = chances(seed);
    this.network = new Network(this.random);
    const listener = {
      message: (message: Told) => this.page.message(message),
      standing: (standing: Standing, transport: Transport) => this.page.stands(standing, transport),
    };
    this.connection = new Connection<Told>(this.network, listener, "1000-1");
    this.connection.start();
  }

  mishap(): void {
    this.one(this.mishaps)();
    this.network.pass(this.random() * this.one([SECOND, 5 * SECOND, MINUTE]));
    if (this.random() < 0.5) this.network.publish();
  }

  /** Everything is well again, and stays so for a while; a page that was put away is back. */
  end(): void {
    const { network, connection } = this;
    network.weather.socket = network.weather.events = network.weather.polling = "fair";
    network.serving = network.connected = network.looking = true;
    connection.wake();
    network.pass(15 * MINUTE);
    network.publish();
    network.publish(); // what was lost shows when something follows
    network.pass(5 * SECOND);
  }

  private readonly mishaps: readonly (() => void)[] = [
    () => this.burst(),
    () => (this.network.weather[this.one(this.network.transports)] = this.one<Weather>(["fair", "refused", "silent"])),
    () => this.each((wire) => wire.cut(this.one([1006, 1006, 1011, 1012, 4408, 4429]))),
    () => this.each((wire) => wire.stall()),
    () => this.each((wire) => wire.lose()),
    () => this.server(),
    () => this.network.lose(Math.floor(this.random() * 4)),
    () => this.look(),
    () => this.net(),
    () => this.network.sleep(60 * MINUTE),
    () => this.connection.wake(),
    () => (this.connection.stop(), this.burst(), this.connection.start()),
  ];

  private burst(): void {
    for (let posts = this.random() * 30; posts > 0; posts--) this.network.publish();
  }

  private server(): void {
    this.network.serving = !this.network.serving;
    if (!this.network.serving) this.each((wire) => wire.cut(this.one([1006, 1012])));
  }

  private look(): void {
    this.network.looking = !this.network.looking;
    if (this.network.looking) this.connection.wake();
  }

  private net(): void {
    this.network.connected = !this.network.connected;
    if (this.network.connected) return this.connection.wake(true);
    this.connection.doubt();
    if (this.random() < 0.5) this.each((wire) => wire.stall());
  }

  private each(suffers: (wire: Wire) => void): void {
    for (const wire of [...this.network.wires]) suffers(wire);
  }

  private one<T>(of: readonly T[]): T {
    return of[Math.floor(this.random() * of.length)] as T;
  }
}

type Wire = Network["wires"] extends Set<infer Each> ? Each : never;

test(`${DAYS} random days end with every page whole, and on a socket`, () => {
  const used = new Set<Transport>();
  for (let seed = 1; seed <= DAYS; seed++) {
    const day = new Day(seed);
    for (let mishap = 0; mishap < MISHAPS; mishap++) {
      day.mishap();
      if (day.page.standing === "live" && day.page.transport) used.add(day.page.transport);
    }
    day.end();
    const { page, network, connection } = day;
    assert.deepEqual(page.held, network.log.map(({ id }) => id), `the page of day ${seed}`);
    assert.equal(connection.position, network.head.position);
    assert.equal(`${page.standing} ${page.transport}`, "live socket", `day ${seed}`);
    assert.equal(network.wires.size, 1, `day ${seed} left links open`);
  }
  assert.deepEqual([...used].sort(), ["events", "polling", "socket"]);
});
