// Which day a post belongs to when it shows no time of its own.

import assert from "node:assert/strict";
import { test } from "node:test";
import { daysOf } from "../src/reader/days.ts";

test("a post without a time belongs to the day of the post below it", () => {
  assert.deepEqual(daysOf(["25 June", "", "", "24 June"]), ["25 June", "24 June", "24 June", "24 June"]);
});

test("at the very top it belongs to the day below, at the very bottom it names none", () => {
  assert.deepEqual(daysOf(["", "24 June", ""]), ["24 June", "24 June", ""]);
});

test("a list without times names no day", () => {
  assert.deepEqual(daysOf(["", ""]), ["", ""]);
  assert.deepEqual(daysOf([]), []);
});
