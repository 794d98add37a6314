// Which transport a connection uses: down where the better ones are blocked, up again when they
// are not, and not down only because the server is away.

import assert from "node:assert/strict";
import { test } from "node:test";
import { hello, post, snapshot, World } from "./world.ts";

const SECOND = 1_000;
const MINUTE = 60_000;

const reader = (): World => new World("1000-5", ["socket", "events", "polling"]);

/** So many attempts end with that code; the transports they went by. */
function refused(world: World, attempts: number, code = 1006): string[] {
  return Array.from({ length: attempts }, () => {
    const { transport } = world.link;
    world.link.end(code);
    world.pass(world.patience);
    return transport;
  });
}

/** A reader whose sockets are refused. */
function onEvents(): World {
  const world = reader();
  refused(world, 2);
  world.link.say(hello("1000-5"));
  return world;
}

/** A reader whose sockets are refused, and whose event streams do not arrive. */
function onPolling(): World {
  const world = reader();
  refused(world, 3);
  world.link.answer(hello("1000-5"));
  return world;
}

// --- down ---------------------------------------------------------------------------------------

test("it begins with a socket, and stays with one that says hello", () => {
  const world = reader();
  for (let minute = 0; minute < 10; minute++) {
    world.link.say(hello("1000-5"));
    world.pass(MINUTE);
  }
  assert.deepEqual([...new Set(world.links.map(({ transport }) => transport))], ["socket"]);
});

test("a socket refused twice makes place for events", () => {
  const world = reader();
  assert.deepEqual(refused(world, 2), ["socket", "socket"]);
  assert.equal(world.link.transport, "events");
  world.link.say(hello("1000-5"), post("a", "1000-6", "1000-5"));
  assert.deepEqual(world.heard, ["hello", "a"]);
  assert.equal(world.standing, "live");
  assert.equal(world.transport, "events");
});

test("a silent socket is not waited for twice", () => {
  const world = reader();
  world.pass(10 * SECOND);
  world.pass(world.patience);
  assert.equal(world.link.transport, "events");
});

test("a stream that is held back makes place for polling", () => {
  const world = reader();
  refused(world, 2);
  world.pass(10 * SECOND);
  world.pass(world.patience);
  assert.equal(world.link.transport, "polling");
  world.link.answer(hello("1000-6"), post("a", "1000-6", "1000-5"));
  assert.deepEqual(world.heard, ["hello", "a"]);
  assert.equal(world.transport, "polling");
});

test("a socket cut at once after every hello makes place for events", () => {
  const world = reader();
  for (const _ of [1, 2]) {
    world.link.say(hello("1000-5"));
    world.link.end();
    world.pass(world.patience);
  }
  assert.equal(world.link.transport, "events");
});

test("who speaks nonsense is left like who says nothing", () => {
  for (const nonsense of ["<html>Pay for the network</html>", "null", "[]{", "{}", '{"type":"post"}']) {
    const world = reader();
    for (const _ of [1, 2]) {
      const { link } = world;
      link.mutter(nonsense);
      assert.ok(!link.open);
      world.pass(world.patience);
    }
    assert.equal(world.link.transport, "events");
    assert.deepEqual(world.heard, []);
  }
});

test("a close code shows that sockets get through: the next is a socket too", () => {
  for (const code of [1011, 1012, 4408, 4429]) {
    assert.deepEqual([...new Set(refused(reader(), 10, code))], ["socket"]);
  }
});

test("an address that the server calls wrong is not asked by another transport", () => {
  const world = reader();
  world.link.end(1008);
  assert.equal(world.standing, "stopped");
  assert.equal(world.waitingTimers, 0);
});

test("where everything fails the server is away: it is mostly sockets that wait for it", () => {
  const world = reader();
  const attempts = refused(world, 100);
  assert.deepEqual(attempts.slice(0, 9), [
    ...["socket", "socket", "events", "polling"],
    ...["socket", "socket", "socket", "socket", "events"],
  ]);
  assert.ok(attempts.filter((transport) => transport === "socket").length > 80);
});

test("one transport is all there is: it is tried again and again", () => {
  const world = new World();
  assert.deepEqual([...new Set(refused(world, 50))], ["socket"]);
  world.link.say(hello("1000-5"));
  assert.equal(world.waitingTimers, 1, "nothing better to try");
});

test("a socket that has worked is believed for longer: the server may only restart", () => {
  const world = reader();
  world.link.say(hello("1000-5"));
  world.pass(6 * SECOND);
  const attempts = refused(world, 8).slice(1);
  assert.deepEqual(attempts, [...Array<string>(6).fill("socket"), "events"]);
});

test("a stream that held comes back as a stream", () => {
  const world = onEvents();
  world.pass(4 * SECOND);
  world.link.end(); // the trial of a socket
  world.pass(20 * SECOND);
  world.links[2]?.end();
  world.pass(world.patience);
  assert.equal(world.link.transport, "events");
});

// --- up -----------------------------------------------------------------------------------------

test("who is not on a socket tries one soon: perhaps the server was only away", () => {
  const world = onEvents();
  const events = world.link;
  world.pass(5 * SECOND);
  assert.equal(world.link.transport, "socket");
  assert.ok(events.open, "what works goes on meanwhile");
  world.link.say(hello("1000-5"));
  assert.ok(!events.open);
  assert.equal(world.transport, "socket");
});

test("what is heard on both is told once, whatever is heard first", () => {
  const world = onEvents();
  const events = world.link;
  world.pass(5 * SECOND);
  const socket = world.link;
  assert.equal(socket.since, "1000-5");
  const [a, b, c] = [post("a", "1000-6", "1000-5"), post("b", "1000-7", "1000-6"), post("c", "1000-8", "1000-7")];
  events.say(a, b);
  socket.say(hello("1000-7"), a, b, c);
  events.say(c);
  assert.deepEqual(world.heard, ["hello", "a", "b", "hello", "c"]);
  assert.equal(world.connection.position, "1000-8");
});

test("a socket that starts over with a snapshot is believed", () => {
  const world = onEvents();
  world.pass(5 * SECOND);
  world.link.say(hello("1000-4", false), snapshot("1000-4"), post("e", "1000-5", "1000-4"));
  assert.deepEqual(world.heard, ["hello", "hello", "snapshot", "e"]);
});

test("while sockets stay blocked they are tried ever more seldom", () => {
  const world = onEvents();
  const pauses = Array.from({ length: 7 }, () => {
    const before = world.links.length;
    let waited = 0;
    for (; world.links.length === before && waited < 60 * MINUTE; waited += SECOND) {
      world.pass(SECOND);
      if (waited % 20_000 === 0) world.links[2]?.say(hello("1000-5"));
    }
    world.link.end();
    return waited / MINUTE;
  });
  assert.deepEqual(pauses.map(Math.round), [0, 1, 2, 4, 8, 10, 10]);
  assert.equal(world.transport, "events");
});

test("a socket that does not last is not tried again so soon", () => {
  const world = onEvents();
  world.pass(5 * SECOND);
  world.link.say(hello("1000-5"));
  refused(world, 2);
  assert.equal(world.link.transport, "events");
  world.link.say(hello("1000-5"));
  const { length } = world.links;
  world.pass(20 * SECOND);
  assert.equal(world.links.length, length);
  world.pass(MINUTE);
  assert.equal(world.links[length]?.transport, "socket");
});

test("a trial without a hello is given up, and nobody is told", () => {
  const world = onEvents();
  const { standings } = world;
  const told = standings.length;
  world.pass(5 * SECOND);
  const trial = world.link;
  world.pass(10 * SECOND);
  assert.ok(!trial.open);
  assert.equal(standings.length, told);
});

test("when the link is lost, its trial ends too", () => {
  const world = onEvents();
  const events = world.link;
  world.pass(5 * SECOND);
  const trial = world.link;
  events.end();
  assert.ok(!trial.open);
  assert.equal(world.waitingTimers, 1);
});

test("a server that says go away on a trial is obeyed", () => {
  for (const code of [4401, 4404]) {
    const world = onEvents();
    const events = world.link;
    world.pass(5 * SECOND);
    world.link.end(code);
    assert.equal(world.standing, "stopped");
    assert.ok(!events.open);
    assert.equal(world.waitingTimers, 0);
  }
});

test("a trial closed with 1008 was forbidden on its way: what works goes on, and it is tried again", () => {
  const world = onEvents();
  const events = world.link;
  world.pass(5 * SECOND);
  world.link.end(1008);
  assert.ok(events.open);
  events.say(post("a", "1000-6", "1000-5"));
  assert.deepEqual(world.heard, ["hello", "a"]);
  assert.equal(world.standing, "live");
  const { length } = world.links;
  world.pass(MINUTE);
  assert.equal(world.links[length]?.transport, "socket");
});

test("nobody looking, nothing better is tried; somebody looks, it is", () => {
  const world = onEvents();
  world.looking = false;
  for (let minute = 0; minute < 60; minute++) {
    world.pass(MINUTE);
    world.link.say(hello("1000-5"));
  }
  assert.equal(world.links.length, 3);
  world.looking = true;
  world.connection.wake();
  world.pass(5 * SECOND);
  assert.equal(world.link.transport, "socket");
});

test("a network that has changed is new hope", () => {
  const world = onEvents();
  for (let trial = 0; trial < 6; trial++) {
    world.pass(world.patience);
    if (world.link.transport === "socket") world.link.end();
  }
  world.connection.wake(true);
  assert.equal(world.link.transport, "events", "at once by what worked");
  world.link.say(hello("1000-5"));
  world.pass(5 * SECOND);
  assert.equal(world.link.transport, "socket");
});

// --- polling ------------------------------------------------------------------------------------

const poller = (): World => new World("1000-5", ["polling"]);

test("polling asks every few seconds from where it stands, and is live all the while", () => {
  const world = poller();
  const pauses = [0, 0.5, 1].map((chance, index) => {
    assert.equal(world.link.since, `1000-${index + 5}`);
    world.chance = chance;
    world.link.answer(hello(`1000-${index + 6}`), post(`${index}`, `1000-${index + 6}`, `1000-${index + 5}`));
    const { patience } = world;
    world.pass(patience);
    return patience / SECOND;
  });
  assert.deepEqual(pauses, [3, 4.5, 6]);
  assert.deepEqual(world.heard, ["hello", "0", "hello", "1", "hello", "2"]);
  assert.deepEqual(world.standings, ["connecting", "live"]);
});

test("nobody looking, it asks every minute or two; somebody looks, it asks at once", () => {
  const world = poller();
  world.looking = false;
  world.link.answer(hello("1000-5"));
  assert.equal(world.patience, 1.5 * MINUTE);
  world.pass(4 * SECOND);
  world.looking = true;
  world.connection.wake();
  assert.equal(world.links.length, 2);
  world.link.answer(hello("1000-5"));
  world.connection.wake();
  assert.equal(world.links.length, 2, "it has just been answered");
});

test("an answer with nothing in it is none", () => {
  const world = poller();
  world.link.answer();
  assert.equal(world.standing, "waiting");
});

test("an answer has half a minute, and then it is asked for again", () => {
  const world = poller();
  world.pass(29 * SECOND);
  assert.ok(world.link.open);
  world.pass(SECOND);
  assert.ok(!world.link.open);
  world.pass(4 * SECOND);
  assert.equal(world.links.length, 2);
});

test("from polling the better ones are tried in turn, and the polls go on", () => {
  const world = onPolling();
  const tried: string[] = [];
  for (let poll = 0; poll < 100; poll++) {
    world.pass(5 * SECOND);
    for (const link of world.links.filter(({ open }) => open)) {
      if (link.transport === "polling") link.answer(hello("1000-5"));
      else tried.push(link.transport), link.end();
    }
  }
  assert.deepEqual(tried, ["socket", "events", "socket", "events"]);
  assert.equal(world.standing, "live");
  assert.equal(world.transport, "polling");
});

test("between two polls a socket takes over, and there is no further poll", () => {
  const world = onPolling();
  world.pass(world.patience);
  if (world.link.transport === "polling") {
    world.link.answer(hello("1000-5"));
    world.pass(world.patience);
  }
  assert.equal(world.link.transport, "socket");
  world.link.say(hello("1000-6"), post("a", "1000-6", "1000-5"));
  const { length } = world.links;
  world.pass(30 * SECOND);
  assert.equal(world.links.length, length);
  assert.deepEqual(world.heard.slice(-1), ["a"]);
});

// --- without a network ----------------------------------------------------------------------------

test("without a network it hardly tries, and does not take it for a blockade", () => {
  const world = reader();
  world.link.say(hello("1000-5"));
  world.connected = false;
  world.connection.doubt();
  assert.equal(world.standing, "waiting");
  const attempts = Array.from({ length: 10 }, () => {
    world.link.end();
    assert.equal(world.patience, MINUTE / 2);
    world.pass(world.patience);
    return world.link.transport;
  });
  assert.deepEqual([...new Set(attempts)], ["socket"]);
  world.connected = true;
  const { length } = world.links;
  world.connection.wake(true);
  assert.equal(world.links.length, length + 1);
});

test("when the network is back, it starts with the shortest window", () => {
  const world = reader();
  refused(world, 10);
  world.connection.wake(true);
  world.link.end();
  assert.equal(world.patience / world.chance, SECOND);
});

test("a link that outlives the doubt is believed", () => {
  const world = reader();
  world.link.say(hello("1000-5"));
  world.connection.doubt();
  world.link.say(post("a", "1000-6", "1000-5"));
  assert.deepEqual(world.standings, ["connecting", "live", "waiting", "live"]);
  assert.equal(world.links.length, 1);
});

test("after a machine's sleep silence is noticed within seconds", () => {
  const world = reader();
  world.link.say(hello("1000-5"));
  world.pass(SECOND);
  world.sleep(60 * MINUTE);
  world.pass(15 * SECOND);
  assert.equal(world.links.length, 2);
});
