// A machine so busy that a thread starts only after the time of what should run in it.
import { syncBuiltinESMExports } from "node:module";
import workers, { type WorkerOptions } from "node:worker_threads";
import { pino } from "pino";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DELIVERY_LIMITS } from "./limits.ts";
import { createSandbox, type Sandbox, type SandboxOptions } from "./sandbox.ts";

const test = suite("a sandbox whose threads start slowly");
const { Worker } = workers;

/** Threads that wait for this gate before they load what they run. */
let gate = new Int32Array(new SharedArrayBuffer(4));
let started = 0;
class SlowWorker extends Worker {
  constructor(url: URL, options: WorkerOptions) {
    const load = `const { workerData } = require("node:worker_threads");
      Atomics.wait(workerData.gate, 0, 0);
      import(workerData.url);`;
    super(load, { ...options, eval: true, workerData: { gate, url: url.href } });
    started += 1;
  }
}
function openGate(): void {
  Atomics.store(gate, 0, 1);
  Atomics.notify(gate, 0);
}

const log = pino({ level: "silent" });
let sandbox: Sandbox;
const open = (options: Partial<SandboxOptions> = {}): void => {
  sandbox = createSandbox({ log, ...options });
};
const job = { code: "(lead) => lead.n + 1", argument: '{"n":1}', limits: DELIVERY_LIMITS, mayWait: false };
const run = (timeoutMs: number, signal?: AbortSignal) =>
  sandbox.run({ owner: "edu", job, timeoutMs, ...(signal && { signal }) });
const failure = async (running: ReturnType<typeof run>): Promise<string | undefined> => {
  const result = await running;
  return result.ok ? undefined : result.failure;
};

test.before(() => {
  Object.assign(workers, { Worker: SlowWorker });
  syncBuiltinESMExports();
});
test.before.each(() => {
  gate = new Int32Array(new SharedArrayBuffer(4));
  started = 0;
});
test.after.each(async () => {
  openGate();
  await sandbox.close();
});
test.after(() => {
  Object.assign(workers, { Worker });
  syncBuiltinESMExports();
});

test("blames no function for the start of its thread, and lets the thread start", async () => {
  open();
  assert.is(await failure(run(50)), "no_turn");
  const aborting = new AbortController();
  const aborted = failure(run(20_000, aborting.signal));
  aborting.abort();
  assert.is(await aborted, "aborted");
  const patient = run(20_000);
  openGate();
  const result = await patient;
  assert.ok(result.ok, JSON.stringify(result));
  assert.is(result.json, "2");
  assert.is(started, 1);
});

test("replaces a thread that never starts", async () => {
  open({ startMs: 50 });
  assert.is(await failure(run(20_000)), "sandbox_failed");
  openGate();
  await sandbox.close();
  open();
  assert.is(await failure(run(20_000)), undefined);
  assert.is(started, 2);
});

test.run();
