import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runsOf } from "./stream-runs.ts";

const test = suite("runs of a stream");
const told = (...[revisions, how]: Parameters<typeof runsOf>) =>
  runsOf(revisions, how).map(({ from, to }) => `${from}-${to}`);

test("what stands close together is one run", () => {
  assert.equal(told([], { maxGap: 2 }), []);
  assert.equal(told([1, 2, 4, 7, 9], { maxGap: 2 }), ["1-4", "7-9"]);
});

test("no run is longer than it may be", () => {
  const fifty = Array.from({ length: 50 }, (_, n) => n + 100);
  assert.equal(told(fifty, { maxGap: 4, maxCount: 16 }), ["100-115", "116-131", "132-147", "148-149"]);
});

test.run();
