// npm run load -- smoke as a person runs it, with everything real.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Measured } from "./measure.ts";
import { findProgram } from "./program.ts";

const test = suite("the proof of load");
const execute = promisify(execFile);
const report = mkdtempSync(join(tmpdir(), "smoke-"));
test.after(() => rmSync(report, { recursive: true }));

const program = findProgram(process.env);
if (!program.isK6) console.log("k6 is not installed, so Node makes the load");

function load(...args: readonly string[]) {
  return execute(process.execPath, [join(import.meta.dirname, "run.ts"), ...args]);
}

test("finds each acknowledged submission at its partner once", async () => {
  const { stdout } = await load("smoke", "--report", report);
  assert.match(stdout, /300 sent, 300 acknowledged, 0 failed; 300 with exactly one effect/);
  const measured = JSON.parse(readFileSync(join(report, "proof-of-load/smoke.json"), "utf8")) as Measured;
  assert.is(measured.program, program.name);
  assert.equal([measured.lost, measured.doubled, measured.unacknowledged], [0, 0, 0]);
  assert.is(measured.repeats_recognised, 30);
  assert.ok(measured.retried_deliveries > 0, "a partner that fails one request in five saw retries");
  assert.match(readFileSync(join(report, "proof-of-load.md"), "utf8"), /\[Smoke\]\(#smoke\) \| 300 \|/);
});

test("says which scenarios and options there are", async () => {
  for (const args of [["smok"], ["--duration", "soon"], ["--durations", "5s"]]) {
    const failure = await load(...args).catch((error: { code: number; stderr: string }) => error);
    assert.ok("code" in failure && failure.code === 2);
    assert.match(
      "stderr" in failure ? `${failure.stderr}` : "",
      /scenarios: smoke, burst, mixed, outage, overload, soak/,
    );
  }
});

test.run();
