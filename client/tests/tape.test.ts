// The replay's connection: wishes are told when somebody can hear them, and nothing is lost when
// the socket drops.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ears } from "../src/line.ts";
import { type Channel, type Standing, type Surroundings, Tape } from "../src/replay/tape.ts";
import { Clock } from "./clock.ts";

const NOON = Date.parse("2025-06-24T12:00:00.000Z");

class FakeSocket implements Channel {
  open = true;
  readonly told: Record<string, unknown>[] = [];
  constructor(
    readonly query: string,
    private readonly ears: Ears,
  ) {}

  send(text: string): void {
    this.told.push(JSON.parse(text));
  }

  close(): void {
    this.open = false;
  }

  say(...messages: object[]): void {
    for (const message of messages) this.ears.said(JSON.stringify(message));
  }

  /** As the server begins. */
  begin(at = NOON, playing = true): void {
    this.say({ type: "hello", position: "1-5", resumed: false, status: "live", viewers: null });
    this.say({ type: "snapshot", position: "1-5" }, clock(at, playing));
  }

  end(code = 1006): void {
    this.open = false;
    this.ears.ended(code);
  }
}

class World extends Clock implements Surroundings {
  readonly sockets: FakeSocket[] = [];
  readonly heard: string[] = [];
  readonly standings: Standing[] = [];
  readonly tape: Tape;
  moves = 0;

  constructor(speed = 60) {
    super();
    const listener = {
      message: (message: { type: string }) => void this.heard.push(message.type),
      moved: () => void (this.moves += 1),
      standing: (standing: Standing) => void this.standings.push(standing),
    };
    this.tape = new Tape(this, listener, NOON, speed);
  }

  get socket(): FakeSocket {
    return this.sockets[this.sockets.length - 1] as FakeSocket;
  }

  open(query: string, ears: Ears): FakeSocket {
    const socket = new FakeSocket(query, ears);
    this.sockets.push(socket);
    return socket;
  }

  random(): number {
    return 0.5;
  }
}

function clock(at: number, playing = true, ended = false): object {
  return { type: "clock", at: new Date(at).toISOString(), position: "1-5", speed: 60, playing, ended };
}

function playing(): World {
  const world = new World();
  world.tape.play();
  world.socket.begin();
  world.pass(1_000);
  return world;
}

test("nobody is asked for anything before somebody wants to see it", () => {
  const world = new World();
  world.tape.setSpeed(10);
  world.tape.skipSilences(60);
  assert.equal(world.sockets.length, 0);
  world.tape.play();
  assert.equal(world.socket.query, "from=2025-06-24T12:00:00.000Z&speed=10&as=html");
  world.socket.begin();
  assert.deepEqual(world.socket.told, [{ type: "skip_silences", longest: 6 }]);
});

test("a silence of the day is told in seconds of ours, at whatever speed", () => {
  const world = playing();
  world.tape.skipSilences(120);
  world.pass(1_000);
  world.tape.setSpeed(600);
  world.pass(1_000);
  world.tape.setSpeed(0.1);
  world.pass(1_000);
  world.tape.skipSilences(30);
  world.tape.setSpeed(600);
  world.pass(1_000);
  world.tape.skipSilences(null);
  world.pass(1_000);
  world.tape.setSpeed(60);
  world.pass(1_000);
  const { told } = world.socket;
  assert.deepEqual(
    told.filter(({ type }) => type === "skip_silences").map(({ longest }) => longest),
    [2, 0.2, 1200, 300, 0.1, null],
  );
});

test("at the end it goes on from there once there is more", () => {
  const world = playing();
  world.socket.say(clock(NOON + 90_000, false, true));
  world.tape.goOn();
  assert.equal(world.tape.ended, false);
  assert.equal(world.tape.moment, NOON + 90_000);
  world.tape.play();
  assert.deepEqual(world.socket.told, [{ type: "play" }]);
});

test("who seeks before anything plays sees the moment, and it stands still", () => {
  const world = new World();
  world.tape.seek(NOON + 60_000);
  assert.equal(world.socket.query, "from=2025-06-24T12:01:00.000Z&speed=60&as=html&paused=1");
  world.socket.begin(NOON + 60_000, false);
  world.pass(5_000);
  assert.equal(world.tape.moment, NOON + 60_000);
  assert.deepEqual(world.heard, ["hello", "snapshot"]);
});

test("the clock runs on between two words of the server, but not for ever", () => {
  const world = new World();
  world.tape.play();
  world.pass(3_000);
  assert.equal(world.tape.moment, NOON, "nothing plays before the server does");
  world.socket.begin();
  world.pass(1_000);
  assert.equal(world.tape.moment, NOON + 60_000);
  world.pass(60_000);
  assert.equal(world.tape.moment, NOON + 90_000);
});

test("a scrubber that is dragged asks for one moment at a time, and the last one counts", () => {
  const world = playing();
  for (let minute = 1; minute <= 50; minute++) world.tape.seek(NOON + minute * 60_000);
  assert.deepEqual(world.socket.told, [{ type: "seek", to: "2025-06-24T12:01:00.000Z" }]);
  assert.equal(world.tape.moment, NOON + 50 * 60_000);
  world.socket.say({ type: "snapshot", position: "1-6" }, clock(NOON + 60_000));
  assert.equal(world.tape.moment, NOON + 50 * 60_000, "a clock of an earlier wish says nothing");
  world.pass(1_000);
  assert.deepEqual(world.socket.told[1], { type: "seek", to: "2025-06-24T12:50:00.000Z" });
  assert.equal(world.socket.told.length, 2);
});

test("what was on its way when a seek was asked for does not come into the page", () => {
  const world = playing();
  world.tape.seek(NOON);
  world.socket.say({ type: "post", id: "late" }, { type: "snapshot" }, { type: "post", id: "then" });
  assert.deepEqual(world.heard, ["hello", "snapshot", "snapshot", "post"]);
});

test("a seek that is refused does not hold up the next", () => {
  const world = playing();
  world.tape.seek(NOON + 1);
  world.tape.seek(NOON + 2);
  world.socket.say({ type: "problem", detail: "no" });
  world.pass(1_000);
  assert.deepEqual(world.socket.told.map(({ to }) => to), ["2025-06-24T12:00:00.001Z", "2025-06-24T12:00:00.002Z"]);
});

test("play, pause and speed are told at most ten times a second, and as they are in the end", () => {
  const world = playing();
  for (let press = 0; press < 31; press++) {
    if (press % 2) world.tape.play();
    else world.tape.pause();
    world.pass(10);
  }
  world.pass(1_000);
  const { told } = world.socket;
  assert.ok(told.length <= 5, `${told.length} wishes`);
  assert.deepEqual(told[told.length - 1], { type: "pause" });
});

test("a socket that drops comes back at the moment it was, and plays on", () => {
  const world = playing();
  world.tape.skipSilences(120);
  world.pass(1_000);
  world.socket.say(clock(NOON + 120_000));
  world.socket.end();
  assert.deepEqual(world.standings, ["live", "waiting"]);
  assert.equal(world.tape.playing, true);
  world.pass(10_000);
  assert.equal(world.sockets.length, 2);
  assert.equal(world.socket.query, "from=2025-06-24T12:02:00.000Z&speed=60&as=html");
  world.socket.begin(NOON + 120_000);
  assert.deepEqual(world.socket.told, [{ type: "skip_silences", longest: 2 }]);
  assert.deepEqual(world.standings, ["live", "waiting", "live"]);
});

test("while there is no socket a seek is what it comes back to", () => {
  const world = playing();
  world.socket.end();
  world.tape.seek(NOON + 3_600_000);
  world.pass(10_000);
  assert.equal(world.sockets.length, 2);
  assert.ok(world.socket.query.startsWith("from=2025-06-24T13:00:00.000Z"));
});

test("it comes back ever later, up to four seconds, and never where it was sent away", () => {
  const world = playing();
  const waits: number[] = [];
  for (let time = 0; time < 5; time++) {
    world.socket.end();
    waits.push(world.patience);
    world.pass(world.patience);
  }
  assert.deepEqual(waits, [500, 1_000, 2_000, 2_000, 2_000]);
  world.socket.end(4404);
  assert.equal(world.waitingTimers, 0);
  assert.equal(world.tape.playing, false);
  assert.equal(world.standings[world.standings.length - 1], "stopped");
});

test("at the end it stands, and playing again is asked for anew", () => {
  const world = playing();
  world.socket.say(clock(NOON + 90_000, false, true));
  assert.equal(world.tape.playing, false);
  assert.equal(world.tape.ended, true);
  world.pass(5_000);
  assert.equal(world.tape.moment, NOON + 90_000);
  world.tape.seek(NOON);
  world.tape.play();
  assert.equal(world.tape.ended, false);
  world.pass(1_000);
  assert.deepEqual(world.socket.told, [{ type: "seek", to: "2025-06-24T12:00:00.000Z" }, { type: "play" }]);
});

test("a page that is left lets go of its socket", () => {
  const world = playing();
  const { socket } = world;
  world.tape.rest();
  assert.equal(socket.open, false);
  assert.equal(world.tape.playing, false);
  assert.equal(world.waitingTimers, 0);
  world.tape.play();
  assert.equal(world.sockets.length, 2);
});
