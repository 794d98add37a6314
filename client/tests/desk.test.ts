// The desk's parts that need no page: keys kept until answered, clocks of a zone, the notation of pictures.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Refusal, Unanswered, type Wish } from "../src/desk/api.ts";
import { Attempt } from "../src/desk/attempt.ts";
import { suggestion } from "../src/desk/open.ts";
import { notation } from "../src/desk/picture.ts";
import { instant, wall } from "../src/desk/zone.ts";

type Answer = "done" | Error;

/** A server that answers in this order, and remembers what it was sent. */
function server(...answers: Answer[]) {
  const sent: { key: string; text: unknown }[] = [];
  const send = async <T>(wish: Wish, key: string): Promise<T> => {
    sent.push({ key, text: wish.body });
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer as T;
  };
  return { sent, send };
}

const says = (body: string): Wish => ({ method: "POST", path: "/posts", body });
const fails = (sending: Promise<unknown>): Promise<boolean> => sending.then(() => false, () => true);
const keysOf = (sent: { key: string }[]): number => new Set(sent.map(({ key }) => key)).size;

test("a wish that was not answered goes out again under its key", async () => {
  const { sent, send } = server(new Unanswered("lost"), "done");
  const attempt = new Attempt(undefined, send);
  assert.ok(await fails(attempt.send(says("one"))));
  assert.equal(await attempt.send(says("one")), "done");
  assert.equal(keysOf(sent), 1);
});

test("a wish in doubt is settled as it was before another is sent", async () => {
  const { sent, send } = server(new Unanswered("lost"), "done", "done");
  const attempt = new Attempt(undefined, send);
  assert.ok(await fails(attempt.send(says("one"))));
  await attempt.send(says("two"));
  assert.deepEqual(sent.map(({ text }) => text), ["one", "one", "two"]);
  assert.equal(keysOf(sent), 2);
});

test("an ended session keeps the key, for the text as it then stands", async () => {
  const { sent, send } = server(new Refusal(401, "who?"), "done");
  const attempt = new Attempt(undefined, send);
  assert.ok(await fails(attempt.send(says("one"))));
  await attempt.send(says("one, better"));
  assert.deepEqual(sent.map(({ text }) => text), ["one", "one, better"]);
  assert.equal(keysOf(sent), 1);
});

test("an ended session takes no doubt away", async () => {
  const { sent, send } = server(new Unanswered("lost"), new Refusal(401, "who?"), "done", "done");
  const attempt = new Attempt(undefined, send);
  assert.ok(await fails(attempt.send(says("one"))));
  assert.ok(await fails(attempt.send(says("one"))));
  await attempt.send(says("two"));
  assert.deepEqual(sent.map(({ text }) => text), ["one", "one", "one", "two"]);
});

test("a refusal is an answer: the next wish has a key of its own", async () => {
  const { sent, send } = server(new Refusal(422, "no"), "done");
  const attempt = new Attempt(undefined, send);
  assert.ok(await fails(attempt.send(says("one"))));
  await attempt.send(says("one"));
  assert.equal(keysOf(sent), 2);
});

test("a wall clock is an instant, in summer and in winter", () => {
  assert.equal(instant("2025-07-01T06:30", "Europe/Amsterdam").toISOString(), "2025-07-01T04:30:00.000Z");
  assert.equal(instant("2025-12-01T06:30", "Europe/Amsterdam").toISOString(), "2025-12-01T05:30:00.000Z");
  assert.equal(instant("2025-07-01T06:30", "Asia/Kathmandu").toISOString(), "2025-07-01T00:45:00.000Z");
});

test("an hour that comes twice is its first, one that never comes is the one after it", () => {
  assert.equal(instant("2025-10-26T02:30", "Europe/Amsterdam").toISOString(), "2025-10-26T00:30:00.000Z");
  assert.equal(instant("2025-03-30T02:30", "Europe/Amsterdam").toISOString(), "2025-03-30T01:30:00.000Z");
});

test("an instant on the wall reads back as itself", () => {
  for (const zone of ["UTC", "America/St_Johns", "Pacific/Apia", "Europe/Amsterdam"]) {
    const time = new Date("2025-06-24T23:59:00Z");
    assert.equal(instant(wall(time, zone), zone).getTime(), time.getTime());
  }
});

test("a picture is written short, or as a fence where words would be taken for marks", () => {
  const said = { alt: "The quay", decorative: false, caption: "", credit: "" };
  assert.equal(notation("ab", said), "![The quay](media:ab)");
  assert.equal(notation("ab", { ...said, alt: "a [b]" }), "```image\nmedia: ab\nalt: a [b]\n```");
  assert.equal(
    notation("ab", { ...said, alt: "", decorative: true, credit: "C" }),
    "```image\nmedia: ab\ndecorative: true\ncredit: C\n```",
  );
});

test("an address is made of a title", () => {
  assert.equal(suggestion("  Stürme über Köln: Tag 1! "), "sturme-uber-koln-tag-1");
});
