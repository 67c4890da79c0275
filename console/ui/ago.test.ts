import { suite } from "uvu";
import * as assert from "uvu/assert";
import { agoOf, durationOf } from "./ago.ts";

const test = suite("times in words");
const at = (day: number, hour: number): number => new Date(2026, 0, day, hour).getTime();

test("tomorrow is the next day of the calendar, and no later one", () => {
  const now = at(5, 14);
  assert.is(agoOf(at(6, 15), now), "tomorrow");
  assert.is(agoOf(at(7, 13), now), "in 2 days", "47 hours later");
  assert.is(agoOf(at(7, 14), now), "in 2 days", "48 hours later");
  assert.is(agoOf(at(4, 1), now), "yesterday");
  assert.is(agoOf(at(3, 15), now), "2 days ago", "47 hours before");
});

test("what is nearer than a day is told in hours, minutes and seconds", () => {
  const now = at(5, 14);
  assert.is(agoOf(at(6, 10), now), "in 20 hours");
  assert.is(agoOf(now + 90_000, now), "in 1 minute");
  assert.is(agoOf(now + 2_000, now), "just now");
});

test("how long something took has no calendar", () => {
  assert.is(durationOf(60_000), "1 minute");
  assert.is(durationOf(26 * 3_600_000), "1 day");
  assert.is(durationOf(50 * 3_600_000), "2 days");
});

test.run();
