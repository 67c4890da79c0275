import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  nextSeed,
  RECORD,
  type RecordedRound,
  recordedRounds,
  recordRound,
  summaryOf,
  usualSeconds,
} from "./record.ts";

const test = suite("The record of rounds");
const folder = mkdtempSync(join(tmpdir(), "rounds-"));
const path = join(folder, "rounds.jsonl");
test.after(() => rmSync(folder, { recursive: true, force: true }));

const round = (seed: number, some: Partial<RecordedRound> = {}): RecordedRound => ({
  ...{ seed, at: "2026-01-05T09:00:00Z", commit: "abc1234", result: "ok", blows: ["kill", "freeze"] },
  ...{ seconds: 30 + seed, phases: { blows: 10 }, progress_ms: 1_000 * seed, taken: 100 },
  ...{ ended: { delivered: 100 }, load: 2, cores: 2, violations: [] },
  ...some,
});

test("what is recorded is read again, and the next run begins after the highest seed", () => {
  assert.is(nextSeed(recordedRounds(path)), 1);
  for (const seed of [32, 31, 35]) recordRound(round(seed), path);
  assert.equal(recordedRounds(path)[1], round(31));
  assert.is(nextSeed(recordedRounds(path)), 36);
});

test("the summary tells which seeds were played, and what broke", () => {
  const broken = { result: "FAIL", violations: ["a lead was lost"], progress_ms: null } as const;
  const lines = summaryOf([round(31), round(32), round(33, broken), round(35), round(33)]);
  assert.is(lines[0], "5 rounds of 4 seeds (31-33, 35), 1 broke a promise");
  assert.is(lines[1], "blows: 5 kill, 5 freeze");
  assert.is(lines.at(-1), "FAIL seed 33 at abc1234: a lead was lost");
  assert.not.match(lines.join(), /NaN|undefined/);
});

test("a round takes as long as the median of those before", () => {
  assert.is(usualSeconds([]), undefined);
  assert.is(usualSeconds([round(50), round(1), round(3.4)]), 33);
});

test("a round that broke much takes a few lines", () => {
  recordRound(round(40, { result: "FAIL", violations: Array.from({ length: 50 }, () => "x") }), path);
  assert.is(recordedRounds(path).at(-1)?.violations.length, 5);
});

test("the record that the repository keeps can be read, and no round in it lacks its outcome", () => {
  for (const { seed, result, violations } of recordedRounds(RECORD))
    assert.is(result === "ok", violations.length === 0, `seed ${seed}`);
});

test.run();
