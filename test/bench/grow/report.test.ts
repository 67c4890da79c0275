import { suite } from "uvu";
import * as assert from "uvu/assert";
import { bytesNeeded } from "./disk.ts";
import { plotsOf, sectionOf } from "./report.ts";
import type { Chunk, Results, Step } from "./results.ts";

const test = suite("The report of growth");

const chunk = (submissions: number, accepted: number, cpu: number, perSecond: number): Chunk => ({
  submissions,
  accepted,
  cpu_s_per_1000: { worker: cpu, NATS: 0.5 },
  accepted_per_second: 2 * perSecond,
  end_to_end_per_second: perSecond,
  read_models_lag_s: 0.5,
});
const step = (submissions: number, bytes: number): Step => ({
  submissions,
  memory_busy: { worker: 300, NATS: 200 },
  memory_idle: { worker: 200, NATS: 100 },
  disk: { "event store": bytes, vault: 1_000_000 },
  pages: { "dead letters": { p50: 1.25, p99: 9 } },
  takeover_s: 2.4,
  start_s: 3.3,
  load: 1,
});
const machine = {
  ...{ cores: 2, processor: "some", memory_gb: 24, load_before: 0.1 },
  ...{ date: "2026-01-01", note: "a busy machine" },
};
const results: Results = {
  machine,
  wanted: 1_000,
  exact: true,
  chunks: [chunk(100, 100, 0.5, 50), chunk(400, 300, 1.5, 100), chunk(1_000, 600, 2, 100)],
  steps: [step(400, 4_000_000), step(1_000, 10_000_000)],
};

test("a step has the mean of its chunks, each with its weight", () => {
  // 100 at 50 a second and 300 at 100 a second are 400 in 5 seconds; their CPU is a quarter of 1 and three quarters of 2.
  assert.match(sectionOf(results), "| 400 | 1.75 | 160 | 80 | 3.3 | 2.4 | 300 / 500 | 0.01 |");
  assert.match(sectionOf(results), "| 1,000 | 2.50 | 200 | 100 |");
});

test("what a further submission takes of the disk is the difference between the steps", () => {
  assert.match(sectionOf(results), "| event store | 10 | 10,000 |");
  assert.match(sectionOf(results), "| vault | 1 | 0 |");
});

test("it says where it was measured, and what was wrong", () => {
  assert.match(sectionOf(results), "**a busy machine.** 1,000 of 1,000 submissions; none lost");
  assert.match(sectionOf({ ...results, exact: false }), "**some were lost");
});

test("a run that was stopped before its first step has its chunks in the plots", () => {
  const stopped = { ...results, steps: [] };
  assert.not.match(sectionOf(stopped), /NaN|undefined/);
  const plots = plotsOf(stopped);
  assert.match(plots["cost.svg"] ?? "", "thousand submissions");
  for (const [name, svg] of Object.entries(plots)) assert.not.match(svg, /NaN|undefined|Infinity/, name);
});

test("five million take far more of the disk than two hundred thousand, and nothing takes none", () => {
  assert.ok(bytesNeeded(0) > 1e9);
  assert.ok(bytesNeeded(5e6) > 10 * bytesNeeded(2e5));
});

test.run();
