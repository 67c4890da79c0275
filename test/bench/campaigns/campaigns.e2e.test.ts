// npm run bench -- campaigns with a few members: it still measures, and tells what is lost, doubled or not as asked.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { startChild } from "../pipeline/child.ts";
import { linesOf } from "./members.ts";
import type { ProviderApi } from "./provider.ts";
import { measure } from "./round.ts";
import type { JobSystem } from "./system.ts";

const test = suite("the benchmark of campaigns");
const RUN = new URL("../run.ts", import.meta.url).pathname;
const execute = promisify(execFile);

const bench = (...args: readonly string[]) =>
  execute(process.execPath, ["--disable-warning=ExperimentalWarning", RUN, "campaigns", ...args]);

test("has the yard and a job queue do the same, and finds nothing lost or doubled", async () => {
  const few = ["--members", "300", "--rounds", "1", "--warm-up", "0"];
  const { stdout } = await bench(...few, "--only", "yard,graphile-worker");
  assert.match(stdout, /^lost +0 +0$/m);
  assert.match(stdout, /^doubled +0 +0$/m);
  for (const work of ["created", "sent to"]) {
    const [, costs = ""] = stdout.split(`the yard by process, ${work}\n`);
    assert.match(costs, /^ .*\bCPU s per 1,000\b/);
    assert.match(costs.split("\n\n")[0] ?? "", /^ {2}services\/eventstore\/main\.ts +\d/m);
  }
  assert.match(stdout, /^yard divided by\n +graphile-worker\n/m);
  assert.match(stdout, /^created, ms +≤ 2,000 +\d+ +met$/m);
});

test("counts what is lost and doubled at the provider", async () => {
  const provider = startChild<ProviderApi>(new URL("./provider.ts", import.meta.url).pathname);
  const url = await provider.call("start");
  const call = (key: string) =>
    fetch(url, { method: "POST", headers: { "idempotency-key": key }, body: "{}" });
  /** Calls twice for the first, and never for the last of four. */
  const wrong: JobSystem = {
    create: async () => ({ ms: 1 }),
    async begin() {
      for (const key of ["a", "a", "b", "c"]) await call(key);
    },
    isOver: async () => true,
    processTrees: () => [{ name: "this", pid: process.pid, rootOnly: true }],
    stop: async () => undefined,
  };
  try {
    const { lost, doubled } = await measure(wrong, provider, "measured", 4, { noProgressMs: 200 });
    assert.equal([lost, doubled], [1, 1]);
  } finally {
    await provider.stop();
  }
});

test("knows which lines are no members", () => {
  const { text, invalid } = linesOf(2_000);
  assert.equal(invalid, [2, 1_003]);
  const lines = text.split("\n");
  assert.is(lines.length, 2_002);
  assert.ok(invalid.every((line) => lines[line - 1]?.includes("no address")));
});

test("says which systems there are", async () => {
  const failure = await bench("--only", "yardd").catch((error: { stderr: string }) => error);
  assert.match(failure.stderr, /choose from yard, yard-20-slots, graphile-worker, bullmq-always/);
});

test.run();
