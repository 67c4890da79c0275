// npm run load -- smoke as a person runs it, with everything real.
import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Measured } from "./measure.ts";
import { findProgram } from "./program.ts";

const test = suite("the proof of load");
const RUN = join(import.meta.dirname, "run.ts");
const execute = promisify(execFile);
const report = mkdtempSync(join(tmpdir(), "smoke-"));
test.after(() => rmSync(report, { recursive: true }));

const program = findProgram(process.env);
if (!program.isK6) console.log("k6 is not installed, so Node makes the load");

function load(...args: readonly string[]) {
  return execute(process.execPath, [RUN, ...args]);
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

/** Says that all went well, and has sent nothing. */
const IDLE = `#!/bin/sh
if [ "$1" = version ]; then echo "k6 v9.9.9 (go1.99, linux/amd64)"; exit; fi
echo '{"metrics":{},"state":{"testRunDurationMs":1}}' > "$SUMMARY_FILE"
: > "$K6_CONSOLE_OUTPUT"
`;

test("does not call a run proven that sent nothing, whatever the program says", async () => {
  writeFileSync(join(report, "k6"), IDLE);
  chmodSync(join(report, "k6"), 0o755);
  const env = { ...process.env, PATH: `${report}:${process.env.PATH}` };
  const failure = await execute(process.execPath, [RUN, "smoke", "--report", report], { env }).catch(
    (error: { code: number; stdout: string }) => error,
  );
  assert.ok("code" in failure && failure.code === 1);
  assert.match(failure.stdout, /NOT PROVEN: nothing was sent; no delivery was retried/);
  assert.match(readFileSync(join(report, "proof-of-load.md"), "utf8"), /Load made by k6 v9\.9\.9\./);
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
