import { suite } from "uvu";
import * as assert from "uvu/assert";
import { cutOut } from "./recording.ts";

const test = suite("recorded profiles");

test("are cut to the time of interest, in which each sample keeps its time", () => {
  const profile = {
    nodes: [],
    startTime: 100,
    endTime: 150,
    samples: [1, 2, 3, 4],
    timeDeltas: [5, 10, 10, 20],
  };
  // Taken at 105, 115, 125 and 145.
  assert.equal(cutOut(profile, { from: 110, to: 130 }), {
    ...profile,
    startTime: 110,
    endTime: 130,
    samples: [2, 3],
    timeDeltas: [5, 10],
  });
  assert.equal(cutOut(profile, { from: 200, to: 300 }).samples, []);
});

test.run();
