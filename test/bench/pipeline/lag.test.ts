import { suite } from "uvu";
import * as assert from "uvu/assert";
import { largestLag, type Progress } from "./lag.ts";

const test = suite("lag of the read models");

const T = 1_700_000_000_000;
const heads = [
  { at: T, position: 100 },
  { at: T + 1_000, position: 200 },
  { at: T + 2_000, position: 300 },
];
const seen = (ms: number, position: number, projection = "leads"): Progress => ({
  projection,
  at: T + ms,
  position,
});

test("is the time since the log had the first missing event", () => {
  assert.equal(largestLag(heads, [seen(2_000, 200)]), { projection: "leads", seconds: 1, events: 100 });
});

test("is interpolated between two observations of the log", () => {
  assert.is(largestLag(heads, [seen(2_000, 150)])?.seconds, 1.5);
});

test("is zero if no event is missing", () => {
  assert.is(largestLag(heads, [seen(2_500, 300)])?.seconds, 0);
  assert.is(largestLag([], [seen(0, 0)])?.seconds, 0);
  assert.is(largestLag(heads, []), undefined);
});

test("is that of the slowest projection at its worst moment", () => {
  const lag = largestLag(heads, [seen(1_000, 190), seen(2_000, 120, "partners"), seen(2_500, 300)]);
  assert.equal(lag, { projection: "partners", seconds: 1.8, events: 180 });
});

test("does not depend on the order of the observations", () => {
  assert.is(largestLag(heads.toReversed(), [seen(2_000, 150)])?.seconds, 1.5);
});

test.run();
