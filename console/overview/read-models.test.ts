import * as assert from "node:assert/strict";
import { suite } from "uvu";
import { namedModels } from "./read-models.ts";

const test = suite("read models by their screens");

const models = ["metrics", "timers", "dead_letters", "new_one"].map((name) => ({ name }));
const labels = (showsAll: boolean) => namedModels(models, showsAll).map(({ label }) => label);

test("whoever can't rebuild them sees those that a screen shows", () => {
  assert.deepEqual(labels(false), ["Statistics", "Dead letters"]);
});

test("whoever can rebuild them sees the others too, one that a newer release has added by its name", () => {
  assert.deepEqual(labels(true), ["Statistics", "Dead letters", "Timers", "new_one"]);
});

test.run();
