import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Progress, worstLag } from "./lag.ts";

const test = suite("the lag of read models");

const T = 1_700_000_000_000;
const heads = [
  { at: T, position: 100 },
  { at: T + 1_000, position: 200 },
  { at: T + 2_000, position: 300 },
];
const seen = (ms: number, position: number, projection = "leads", waiting = 1): Progress => ({
  projection,
  at: T + ms,
  position,
  waiting,
});

test("is the time since the log had what is missing", () => {
  assert.equal(worstLag(heads, [seen(2_000, 200)]), { projection: "leads", seconds: 1, events: 100 });
});

test("is reckoned between two looks at the log", () => {
  assert.is(worstLag(heads, [seen(2_000, 150)])?.seconds, 1.5);
});

test("is nothing where nothing is missing", () => {
  assert.is(worstLag(heads, [seen(2_500, 300)])?.seconds, 0);
  assert.is(worstLag([], [seen(0, 0)])?.seconds, 0);
  assert.is(worstLag(heads, []), undefined);
});

test("is that of the slowest projection at its worst moment", () => {
  const lag = worstLag(heads, [seen(1_000, 190), seen(2_000, 120, "partners"), seen(2_500, 300)]);
  assert.equal(lag, { projection: "partners", seconds: 1.8, events: 180 });
});

test("does not depend on the order in which the log was looked at", () => {
  assert.is(worstLag(heads.toReversed(), [seen(2_000, 150)])?.seconds, 1.5);
});

test("is nothing for a projection that the log's newest events do not concern", () => {
  assert.is(worstLag(heads, [seen(2_000, 100, "partners", 0)])?.seconds, 0);
  // What the yard says is a second old: the next look shows that there was nothing left.
  assert.is(worstLag(heads, [seen(1_900, 100, "partners", 5), seen(2_900, 100, "partners", 0)])?.seconds, 0);
});

test("is believed of the log rather than of the yard where a projection follows all of it", () => {
  assert.is(worstLag(heads, [seen(2_000, 100, "leads", 0)])?.seconds, 2);
});

test.run();
