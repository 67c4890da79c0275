import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Operation, violationsOf } from "./history.ts";

const test = suite("the history of a register per idempotency key");

const at = (startedAt: number, endedAt: number, body: string, answer: Operation["answer"]): Operation => ({
  key: "k",
  body,
  startedAt,
  endedAt,
  answer,
});
const taken = (id = "1"): Operation["answer"] => ({ kind: "taken", id, isRepeat: false });
const repeated = (id = "1"): Operation["answer"] => ({ kind: "taken", id, isRepeat: true });
const otherBody: Operation["answer"] = { kind: "other_body" };
const unknown: Operation["answer"] = { kind: "unknown" };
const NEVER = Number.POSITIVE_INFINITY;

test("accepts one that is taken, repeated, and refused with another body", () => {
  const history = [at(0, 2, "a", taken()), at(1, 3, "a", repeated()), at(1, 4, "b", otherBody)];
  assert.equal(violationsOf(history), []);
});

test("accepts a repeat and a refusal that overlap the first", () => {
  const history = [at(5, 9, "a", taken()), at(4, 6, "a", repeated()), at(3, 6, "b", otherBody)];
  assert.equal(violationsOf(history), []);
});

test("accepts that the first answer was lost", () => {
  assert.equal(violationsOf([at(0, NEVER, "a", unknown), at(5, 6, "a", repeated())]), []);
  assert.equal(violationsOf([at(0, NEVER, "a", unknown), at(5, 6, "b", otherBody)]), []);
});

test("refuses what no register answers", () => {
  const impossible: Record<string, Operation[]> = {
    "2 ids": [at(0, 1, "a", taken()), at(2, 3, "a", repeated("2"))],
    "2 bodies": [at(0, 1, "a", taken()), at(2, 3, "b", repeated())],
    "first time 2 times": [at(0, 2, "a", taken()), at(1, 3, "a", taken())],
    "after it had been taken already": [at(0, 1, "a", repeated()), at(2, 3, "a", taken())],
    "before anything could": [at(0, 1, "a", repeated()), at(2, NEVER, "a", unknown)],
    "that nobody has sent": [at(0, 1, "a", otherBody), at(2, 3, "b", taken())],
  };
  for (const [what, history] of Object.entries(impossible)) {
    const found = violationsOf(history);
    assert.ok(
      found.some((one) => one.includes(what)),
      `${what}: ${found}`,
    );
  }
});

test("looks at each key by itself", () => {
  const other = { ...at(0, 1, "b", taken("2")), key: "other" };
  assert.equal(violationsOf([at(0, 1, "a", taken()), other]), []);
});

test.run();
