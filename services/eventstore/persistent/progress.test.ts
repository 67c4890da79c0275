import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Progress } from "./progress.ts";

const test = suite("progress of a reading");
const policy = { minCount: 2, maxCount: 4, afterMs: 1_000 };

function read(progress: Progress, ...places: number[]): void {
  for (const place of places) progress.read(place, BigInt(place));
}

test("what is settled ends before the first place that isn't", () => {
  const progress = new Progress(-1n, policy, 0);
  read(progress, 0, 1, 2);
  progress.settle(2);
  assert.is(progress.settledThrough, -1n);
  progress.settle(0);
  assert.is(progress.settledThrough, 0n);
  progress.settle(1);
  assert.is(progress.settledThrough, 2n);
});

test("the greater count is recorded at once", () => {
  const progress = new Progress(-1n, policy, 0);
  read(progress, 0, 1, 2, 3);
  for (const seq of [0, 1, 2]) progress.settle(seq);
  assert.is(progress.due(0), undefined);
  progress.settle(3);
  assert.is(progress.due(0), 3n);
  assert.is(progress.due(0), undefined);
});

test("the smaller count is recorded once the time is over", () => {
  const progress = new Progress(-1n, policy, 0);
  read(progress, 0, 1);
  progress.settle(0);
  assert.is(progress.due(5_000), undefined, "one is too few at any time");
  progress.settle(1);
  assert.is(progress.due(999), undefined);
  assert.is(progress.due(1_000), 1n);
});

test("many settled places behind an unsettled one are worth no record", () => {
  const progress = new Progress(-1n, policy, 0);
  read(progress, 0, 1, 2, 3, 4, 5);
  for (const seq of [1, 2, 3, 4, 5]) progress.settle(seq);
  assert.is(progress.due(9_000), undefined);
  progress.settle(0);
  assert.is(progress.due(9_000), 5n);
});

test("places that a filter skipped count too", () => {
  const progress = new Progress(-1n, policy, 0);
  progress.passOver(40n, 4);
  assert.is(progress.due(0), 40n);
});

test.run();
