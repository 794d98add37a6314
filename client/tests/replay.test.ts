// What the replay draws and counts, without a browser: marks, the scale of a day, its hours, its
// picture, and how a recording lies in it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { apart, covers, momentOf, offsetFor, timeOf } from "../src/replay/align.ts";
import { offset, ticksOf } from "../src/replay/axis.ts";
import { Marks, marksOf } from "../src/replay/marks.ts";
import { Scale } from "../src/replay/scale.ts";
import { pictureOf } from "../src/replay/shapes.ts";

const HOUR = 3_600_000;
const NOON = Date.parse("2025-06-24T12:00:00.000Z");

const answer = {
  from: "2025-06-24T11:00:00.000Z",
  to: "2025-06-24T12:30:00.000Z",
  time_zone: "UTC",
  marks: [
    [0, "blog", 1, ""],
    [HOUR, "post", 2, "a"],
    [HOUR, "key", 2, "a"],
    [HOUR + 60_000, "edit", 3, "a"],
    [HOUR + 1_800_000, "retract", 4, "a"],
  ],
};

function at(...times: number[]): Marks {
  return new Marks(times[0] ?? 0, times[times.length - 1] ?? 0, times.map((at) => ({ at, kind: "post", post: "" })));
}

// Marks

test("a day begins with its first post", () => {
  const marks = marksOf(answer);
  assert.equal(marks.from, NOON);
  assert.equal(marks.to, NOON + 1_800_000);
  assert.deepEqual(marks.times, [NOON, NOON + 60_000, NOON + 1_800_000]);
  assert.equal(marks.count("edit"), 1);
  assert.equal(marks.count("blog"), 0);
});

test("from any moment the events before and after it are found, never the one it is at", () => {
  const marks = marksOf(answer);
  assert.equal(marks.before(NOON), undefined);
  assert.equal(marks.before(NOON + 1), NOON);
  assert.equal(marks.after(NOON), NOON + 60_000);
  assert.equal(marks.after(NOON - 1), NOON);
  assert.equal(marks.before(Infinity), NOON + 1_800_000);
  assert.equal(marks.after(NOON + 1_800_000), undefined);
});

test("what was withdrawn since is noticed, whether or not the marks were known before", () => {
  const end = NOON + 1_800_000; // the withdrawal's
  const unknown = (to: number): Marks => new Marks(NOON, to, []);
  const marks = marksOf(answer);
  assert.equal(marks.withdrewSince(unknown(end)), false);
  assert.equal(marks.withdrewSince(unknown(end - 1)), true);
  assert.equal(marks.withdrewSince(marks), false);
  assert.equal(marks.withdrewSince(marksOf({ ...answer, marks: answer.marks.slice(0, 4) })), true);
  const joined = { ...answer, marks: [[HOUR, "post", 2, ""], [HOUR + 60_000, "retract", 3, ""]] };
  assert.equal(marksOf(joined).withdrewSince(marksOf(joined)), false);
  assert.equal(marksOf({ ...joined, to: "2025-06-24T12:31:00.000Z" }).withdrewSince(marksOf(joined)), true);
});

test("a post is gone whose withdrawal is the last that happened to it", () => {
  const again = [...answer.marks, [HOUR + 1_900_000, "post", 5, "a"]];
  assert.equal(marksOf(answer).isGone("a"), true);
  assert.equal(marksOf(answer).isGone("b"), false);
  assert.equal(marksOf({ ...answer, marks: again }).isGone("a"), false);
});

test("marks that make no sense are left out, and an answer that makes none is refused", () => {
  const strange = [["0", "post", 1, "a"], [NaN, "post", 1, "a"], [0, "party", 1, "a"], [5, "post", 2, "b"]];
  assert.deepEqual(marksOf({ ...answer, marks: strange }).all.map(({ post }) => post), ["b"]);
  for (const none of [{}, { ...answer, marks: 1 }, { ...answer, from: "soon" }, { ...answer, to: "1999-01-01" }]) {
    let refused = false;
    try {
      marksOf(none);
    } catch {
      refused = true;
    }
    assert.ok(refused, JSON.stringify(none));
  }
});

// The scale

test("a day without a long silence is drawn as long as it was", () => {
  const scale = new Scale(at(NOON, NOON + HOUR, NOON + 3 * HOUR));
  assert.equal(scale.length, 3 * HOUR);
  assert.equal(scale.place(NOON + 2 * HOUR), 2 * HOUR);
  assert.equal(scale.moment(HOUR), NOON + HOUR);
});

test("a correction a week later takes little room, and places still lead to their moments", () => {
  const later = NOON + 7 * 24 * HOUR;
  const scale = new Scale(at(NOON, NOON + HOUR, later));
  assert.ok(scale.length < 2 * HOUR);
  assert.equal(scale.place(later), scale.length);
  assert.equal(scale.moment(scale.length), later);
  for (let place = 0; place <= scale.length; place += scale.length / 97) {
    assert.ok(Math.abs(scale.place(scale.moment(place)) - place) < 1, String(place));
  }
});

test("moments outside of a day are at its ends, and a day of one event has a length", () => {
  const scale = new Scale(at(NOON, NOON + HOUR));
  assert.equal(scale.place(NOON - HOUR), 0);
  assert.equal(scale.place(NOON + 5 * HOUR), HOUR);
  const moment = new Scale(at(NOON));
  assert.equal(moment.place(NOON), 0);
  assert.equal(moment.moment(1), NOON);
  assert.ok(moment.length > 0);
});

// Its hours

test("hours are round on the clock of the blog's zone", () => {
  const scale = new Scale(at(NOON, NOON + 2 * HOUR));
  const shown = (zone: string): string[] => ticksOf(scale, 5, zone).map(({ at }) => new Date(at).toISOString().slice(11, 16));
  assert.deepEqual(shown("UTC"), ["12:00", "12:30", "13:00", "13:30", "14:00"]);
  assert.deepEqual(shown("Asia/Kathmandu"), ["12:15", "12:45", "13:15", "13:45"]); // 5:45 ahead
  assert.deepEqual(ticksOf(scale, 0, "UTC"), []);
});

test("an hour gives way to the name of the next day", () => {
  // Four hours, a night that is cut to a quarter of one, four hours: eight labels have room.
  const scale = new Scale(at(...[0, 1, 2, 3, 4.1, 24, 25, 26, 27, 28].map((hour) => NOON + hour * HOUR)));
  const ticks = ticksOf(scale, 9, "UTC");
  const label = scale.length / 9;
  const places = ticks.map(({ at }) => scale.place(at));
  const day = ticks.findIndex((tick) => tick.day);
  assert.ok(day > 0);
  assert.equal(new Date(ticks[day - 1]?.at ?? 0).toISOString().slice(11, 16), "15:00");
  assert.ok((places[day] ?? 0) - (places[day - 1] ?? 0) >= label, places.join());
});

test("a clock that is put back is followed", () => {
  const night = Date.parse("2025-10-26T00:00:00Z"); // in Amsterdam it is two, and an hour later again
  assert.equal(offset(night, "Europe/Amsterdam"), 2 * HOUR);
  assert.equal(offset(night + 2 * HOUR, "Europe/Amsterdam"), HOUR);
  const ticks = ticksOf(new Scale(at(night - 6 * HOUR, night - 3 * HOUR, night, night + 3 * HOUR)), 4, "Europe/Amsterdam");
  const hour = new Intl.DateTimeFormat("en-GB", { timeZone: "Europe/Amsterdam", hour: "2-digit" });
  assert.deepEqual(ticks.map(({ at }) => hour.format(at)), ["21", "00", "03"]);
});

// Its picture

test("each kind of event has a row of its own, and what would overlap is one shape", () => {
  const { all } = marksOf({
    ...answer,
    marks: [...answer.marks, [HOUR + 61_000, "edit", 5, "b"], [HOUR + 900_000, "edit", 6, "b"]],
  });
  const picture = pictureOf(all, 900, (moment) => (moment - NOON) / 1_800_000);
  assert.equal(picture.bars.length, 1);
  assert.equal(picture.edit.length, 2);
  assert.equal(picture.key.length, 1);
  assert.deepEqual(picture.retract, [895.5]);
});

test("the busiest time is the highest, and one post is still seen", () => {
  const busy = Array.from({ length: 16 }, () => ({ at: NOON, kind: "post", post: "" }) as const);
  const picture = pictureOf([...busy, { at: NOON + HOUR, kind: "post", post: "" }], 500, (at) => (at - NOON) / HOUR);
  assert.deepEqual(picture.bars.map(({ share }) => share), [1, 0.25]);
});

// A recording

test("a recording lies where it was aligned, to a tenth of a second", () => {
  const alignment = { from: NOON, offset: 90 };
  assert.equal(momentOf(10, alignment), NOON + 100_000);
  assert.equal(timeOf(NOON + 100_000, alignment), 10);
  assert.equal(offsetFor(NOON + 100_000, 10, NOON), 90);
  assert.equal(timeOf(NOON, { from: NOON, offset: -30 }), 30);
});

test("a recording covers its own length, and what is near enough is the same", () => {
  assert.deepEqual([-1, 0, 9.9, 10].map((time) => covers(time, 10)), [false, true, true, false]);
  assert.equal(covers(5, NaN), false);
  assert.equal(apart(10, 10.9, 1), false);
  assert.equal(apart(10, 12, 1), true);
  assert.equal(apart(10, 20, 16), false, "at a high speed a second is many");
});
