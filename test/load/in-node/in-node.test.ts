import { suite } from "uvu";
import * as assert from "uvu/assert";
import { until } from "../../harness/wait.ts";
import { millisecondsOf, runScenarios } from "./executors.ts";
import execution from "./k6/execution.ts";
import { Counter, Trend } from "./k6/metrics.ts";
import { summarise } from "./summary.ts";

const test = suite("scripts of k6 in Node");

/** Runs `work` as the only scenario, and returns the serial numbers of its iterations. */
async function serialsOf(scenario: object, work = async () => {}): Promise<readonly number[]> {
  const serials: number[] = [];
  const options = { scenarios: { only: scenario } } as Parameters<typeof runScenarios>[0];
  await runScenarios(options, {
    default: async () => {
      serials.push(execution.scenario.iterationInTest);
      await work();
    },
  });
  return serials;
}

test("give each iteration a number of its own, over all clients", async () => {
  const serials = await serialsOf({ executor: "per-vu-iterations", vus: 3, iterations: 4 });
  assert.equal(
    [...serials].sort((a, b) => a - b),
    Array.from({ length: 12 }, (_, n) => n),
  );
});

test("start so many iterations a second, whether the earlier ones have ended or not", async () => {
  const rate = { executor: "constant-arrival-rate", rate: 100, duration: "300ms", preAllocatedVUs: 50 };
  const slow = Promise.withResolvers<void>();
  const running = serialsOf(rate, () => slow.promise);
  const ended = await serialsOf(rate);
  slow.resolve();
  assert.equal([(await running).length, ended.length], [30, 30]);
});

test("count what could not be started as dropped", async () => {
  const rate = {
    executor: "constant-arrival-rate",
    rate: 100,
    duration: "300ms",
    preAllocatedVUs: 1,
    maxVUs: 2,
  };
  const slow = Promise.withResolvers<void>();
  const running = serialsOf(rate, () => slow.promise);
  await until(
    "all but two are dropped",
    () => summarise({}, 0).metrics.dropped_iterations?.values.count === 28,
  );
  slow.resolve();
  assert.is((await running).length, 2);
});

test("hand over what an iteration throws", async () => {
  const options = { scenarios: { only: { executor: "per-vu-iterations" } } } as const;
  const errors = await runScenarios(options, { default: () => Promise.reject(new Error("broken")) });
  assert.equal(errors.map(String), ["Error: broken"]);
});

test("decide thresholds of all samples and of those of a scenario", async () => {
  const [time, failed] = [new Trend("time"), new Counter("failed")];
  const scenario = { executor: "per-vu-iterations", vus: 1, iterations: 5 } as const;
  await runScenarios(
    { scenarios: { quick: { ...scenario, exec: "quick" }, slow: { ...scenario, exec: "slow" } } },
    {
      quick: async () => time.add(10 * (execution.scenario.iterationInTest + 1)),
      slow: async () => time.add(1_000),
    },
  );
  failed.add(0);
  const { metrics } = summarise(
    {
      summaryTrendStats: ["min", "med", "p(95)", "max"],
      thresholds: {
        failed: ["count==0", "count>0"],
        time: ["p(95)<500"],
        "time{scenario:quick}": ["p(95)<50", "max<50"],
      },
    },
    0,
  );
  assert.equal(metrics["time{scenario:quick}"], {
    type: "trend",
    // Between the fourth and the fifth of five, as k6 has it.
    values: { min: 10, med: 30, "p(95)": 48, max: 50 },
    thresholds: { "p(95)<50": { ok: true }, "max<50": { ok: false } },
  });
  assert.equal(metrics.time?.thresholds, { "p(95)<500": { ok: false } });
  assert.equal(metrics.failed?.thresholds, { "count==0": { ok: true }, "count>0": { ok: false } });
});

test("are not run where they need more of k6", async () => {
  const failure = await serialsOf({ executor: "ramping-vus" }).catch((error: Error) => error.message);
  assert.is(failure, "The executor ramping-vus runs only in k6");
  assert.throws(() => summarise({ thresholds: { nothing: ["count==0"] } }, 0), /There is no metric nothing/);
  assert.throws(() => summarise({ thresholds: { failed: ["rate<=1"] } }, 0), /can be decided only by k6/);
  assert.throws(() => millisecondsOf("1m30s"), /no duration like/);
});

test.run();
