// A machine that gives no thread when one is asked for.
import { syncBuiltinESMExports } from "node:module";
import workers from "node:worker_threads";
import { pino } from "pino";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DELIVERY_LIMITS } from "./limits.ts";
import { createSandbox } from "./sandbox.ts";

const test = suite("a sandbox without threads");
const { Worker } = workers;

function giveThreads(Given: typeof Worker): void {
  Object.assign(workers, { Worker: Given });
  syncBuiltinESMExports();
}
class NoThread {
  constructor() {
    throw new Error("EAGAIN");
  }
}

test("says so for each run, and runs again as soon as there are threads", async () => {
  const sandbox = createSandbox({ log: pino({ level: "silent" }) });
  const run = () =>
    sandbox.run({
      owner: "edu",
      job: { code: "(lead) => lead.n + 1", argument: '{"n":1}', limits: DELIVERY_LIMITS, mayWait: false },
      timeoutMs: 20_000,
    });
  giveThreads(NoThread as unknown as typeof Worker);
  try {
    const [one, other] = await Promise.all([run(), run()]);
    assert.equal(
      [one, other].map((result) => !result.ok && result.failure),
      ["no_turn", "no_turn"],
    );
  } finally {
    giveThreads(Worker);
  }
  const result = await run();
  assert.is(result.ok && result.json, "2");
  await sandbox.close();
});

test.run();
