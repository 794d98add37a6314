// What a connection promises its page: nothing lost, nothing twice, no crowd at the door.

import assert from "node:assert/strict";
import { test } from "node:test";
import { hello, post, snapshot, World } from "./world.ts";

const MINUTE = 60_000;

test("a page goes on from the position it was served at", () => {
  const world = new World("1000-5");
  assert.equal(world.link.since, "1000-5");
  world.link.say(hello("1000-5"), post("a", "1000-6", "1000-5"));
  assert.deepEqual(world.heard, ["hello", "a"]);
  assert.equal(world.connection.position, "1000-6");
  assert.deepEqual(world.standings, ["connecting", "live"]);
});

test("what was missed is caught up without a gap check, live posts are checked again", () => {
  const world = new World("1000-5");
  world.link.say(hello("1000-9"), post("a", "1000-7", "1000-6"), post("b", "1000-9", "1000-8"));
  assert.deepEqual(world.heard, ["hello", "a", "b"]);
  world.link.say(post("c", "1000-12", "1000-11"));
  assert.deepEqual(world.heard, ["hello", "a", "b"], "c follows something that never came");
  assert.equal(world.standing, "waiting");
});

test("after a gap it comes back with the last position that it has", () => {
  const world = new World("1000-5");
  world.link.say(hello("1000-5"), post("a", "1000-6", "1000-5"));
  const gappy = world.link;
  gappy.say(post("c", "1000-8", "1000-7"));
  assert.ok(!gappy.open);
  world.pass(MINUTE / 12);
  assert.equal(world.links.length, 2);
  assert.equal(world.link.since, "1000-6");
});

test("catching up that ends too early shows as a gap at the next live post", () => {
  const world = new World("1000-5");
  world.link.say(hello("1000-9"), post("a", "1000-7", "1000-6"), post("c", "1000-10", "1000-9"));
  assert.deepEqual(world.heard, ["hello", "a"]);
  assert.equal(world.standing, "waiting");
});

test("a slow reader is caught up by a second hello on the same link", () => {
  const world = new World("1000-5");
  world.link.say(hello("1000-5"), post("a", "1000-6", "1000-5"));
  world.link.say(hello("1000-20"), post("b", "1000-12", "1000-11"), post("c", "1000-20", "1000-19"));
  world.link.say(post("d", "1000-21", "1000-20"));
  assert.deepEqual(world.heard, ["hello", "a", "hello", "b", "c", "d"]);
  assert.equal(world.links.length, 1);
});

test("a snapshot sets the position, also back, and the log goes on from there", () => {
  const world = new World("2000-50");
  world.link.say(hello("1000-9", false), snapshot("1000-9"), post("a", "1000-10", "1000-9"));
  assert.deepEqual(world.heard, ["hello", "snapshot", "a"]);
  assert.equal(world.connection.position, "1000-10");
});

test("a link lost before its snapshot asks again for what it asked", () => {
  const world = new World("1000-5");
  world.link.say(hello("3000-9", false));
  world.link.end();
  world.pass(MINUTE);
  assert.equal(world.link.since, "1000-5");
});

test("two changes of one entry share a position, an older message is not heard again", () => {
  const world = new World("1000-5");
  world.link.say(hello("1000-5"), post("a", "1000-6", "1000-5"), post("b", "1000-6", "1000-6"));
  world.link.say(post("old", "1000-4", "1000-3"));
  assert.deepEqual(world.heard, ["hello", "a", "b"]);
  assert.equal(world.connection.position, "1000-6");
});

test("seq is compared as a number, and a new epoch follows the old one", () => {
  const world = new World("999-9");
  world.link.say(hello("999-9"), post("a", "999-10", "999-9"), post("b", "1000-11", "999-10"));
  assert.deepEqual(world.heard, ["hello", "a", "b"]);
});

test("the count of viewers is not history", () => {
  const world = new World("1000-5");
  world.link.say(hello("1000-5"), { type: "viewers" });
  assert.deepEqual(world.heard, ["hello", "viewers"]);
  assert.equal(world.connection.position, "1000-5");
});

test("a type of message that is not known yet still moves the position", () => {
  const world = new World("1000-5");
  world.link.say(hello("1000-5"), { type: "poll", position: "1000-6", after: "1000-5" });
  world.link.say(post("a", "1000-7", "1000-6"));
  assert.deepEqual(world.heard, ["hello", "poll", "a"]);
});

test("retries wait anywhere in a window that doubles up to four seconds", () => {
  const world = new World();
  const windows = [1, 2, 3, 4].map(() => {
    world.link.end();
    const { patience } = world;
    world.pass(patience);
    return patience / world.chance;
  });
  assert.deepEqual(windows, [1_000, 2_000, 4_000, 4_000]);
  world.chance = 0;
  world.link.end();
  assert.equal(world.patience, 0);
});

test("nobody looking, it waits up to a minute; somebody looks, it tries at once", () => {
  const world = new World();
  world.looking = false;
  world.chance = 1;
  for (let failure = 0; failure < 8; failure++) {
    world.link.end();
    assert.ok(world.patience <= MINUTE);
    if (failure < 7) world.pass(world.patience);
  }
  assert.equal(world.patience, MINUTE);
  world.looking = true;
  const before = world.links.length;
  world.connection.wake();
  assert.equal(world.links.length, before + 1);
  assert.equal(world.standing, "connecting");
});

test("a link that held for a while was no failure, one that fell at once was", () => {
  const world = new World();
  for (const _ of [1, 2]) {
    world.link.say(hello("1000-5"));
    world.link.end();
    world.pass(world.patience);
  }
  world.link.say(hello("1000-5"));
  world.link.end();
  assert.equal(world.patience / world.chance, 4_000);
  world.pass(world.patience);
  world.link.say(hello("1000-5"));
  world.pass(6_000);
  world.link.end();
  assert.equal(world.patience / world.chance, 1_000);
});

for (const code of [1011, 1012, 4408, 4429]) {
  test(`closed with ${code}, it comes back spread over the whole window`, () => {
    const world = new World();
    world.link.say(hello("1000-5"));
    world.pass(10_000);
    world.link.end(code);
    assert.equal(world.patience / world.chance, 4_000);
    world.pass(4_000);
    assert.equal(world.link.since, "1000-5");
    assert.equal(world.links.length, 2);
  });
}

test("where there are too many it asks ever more seldom, until it is let in", () => {
  const world = new World();
  const windows = [];
  for (let refusal = 0; refusal < 8; refusal += 1) {
    world.link.end(4429);
    windows.push(world.patience / world.chance);
    world.pass(world.patience);
  }
  assert.deepEqual(windows, [4_000, 4_000, 4_000, 8_000, 16_000, 32_000, MINUTE, MINUTE]);
  world.link.say(hello("1000-5"));
  world.pass(6_000);
  world.link.end(1012);
  assert.equal(world.patience / world.chance, 4_000, "and then it has been let in");
});

test("a server that restarts again and again is asked as often as ever", () => {
  const world = new World();
  for (let restart = 0; restart < 8; restart += 1) {
    world.link.end(1012);
    assert.equal(world.patience / world.chance, 4_000);
    world.pass(world.patience);
  }
});

for (const code of [4401, 4404]) {
  test(`closed with ${code}, it stays away, also when it is woken`, () => {
    const world = new World();
    world.link.end(code);
    assert.equal(world.standing, "stopped");
    assert.equal(world.waitingTimers, 0);
    world.connection.wake(true);
    world.pass(10 * MINUTE);
    assert.equal(world.links.length, 1);
  });
}

test("a handshake without a hello is given up after ten seconds", () => {
  const world = new World();
  const dead = world.link;
  world.pass(10_000);
  assert.ok(!dead.open);
  assert.equal(world.standing, "waiting");
  world.pass(4_000);
  assert.equal(world.links.length, 2);
});

test("a silent link is asked again from where it stood; one that speaks is left alone", () => {
  const world = new World("1000-5");
  world.link.say(hello("1000-5"));
  for (let seq = 6; seq < 16; seq++) {
    world.pass(MINUTE / 2);
    world.link.say(post("p", `1000-${seq}`, `1000-${seq - 1}`));
  }
  assert.equal(world.links.length, 1);
  world.pass(4 * MINUTE);
  assert.ok(world.links.length > 1);
  assert.equal(world.links[1]?.since, "1000-15");
  assert.ok(!world.links[0]?.open);
});

test("nobody looking, a silent link is left alone until the page is looked at", () => {
  const world = new World();
  world.link.say(hello("1000-5"));
  world.looking = false;
  world.pass(60 * MINUTE);
  assert.equal(world.links.length, 1);
  world.looking = true;
  world.connection.wake();
  assert.equal(world.links.length, 2);
});

test("waking keeps a link that has just spoken, unless the network has changed", () => {
  const world = new World();
  world.link.say(hello("1000-5"));
  world.pass(1_000);
  world.connection.wake();
  assert.equal(world.links.length, 1);
  world.connection.wake(true);
  assert.equal(world.links.length, 2);
});

test("a link that was left is not listened to any more", () => {
  const world = new World("1000-5");
  const old = world.link;
  old.say(hello("1000-5"));
  world.connection.wake(true);
  old.say(post("late", "1000-6", "1000-5"));
  old.end();
  assert.deepEqual(world.heard, ["hello"]);
  assert.equal(world.standing, "connecting");
});

test("a page put away stops, and starts again where it stood", () => {
  const world = new World("1000-5");
  world.link.say(hello("1000-5"), post("a", "1000-6", "1000-5"));
  world.connection.stop();
  assert.ok(!world.link.open);
  assert.equal(world.waitingTimers, 0);
  world.connection.start();
  assert.equal(world.link.since, "1000-6");
});

test("a post that the page could not take is not counted as taken", () => {
  const world = new World("1000-5");
  world.link.say(hello("1000-5"));
  const push = world.heard.push;
  world.heard.push = () => {
    throw new Error("the page broke");
  };
  try {
    world.link.say(post("a", "1000-6", "1000-5"));
  } catch {
    // a browser reports it and goes on
  }
  world.heard.push = push;
  assert.equal(world.connection.position, "1000-5");
});
