// What the scripts of k6/ send, and what they make of the answers. Run by Node, and by k6 where it is installed.
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { newSecret } from "#platform/webhooks.ts";
import { millisecondsOf } from "./in-node/executors.ts";
import { loadScript } from "./in-node/script.ts";
import { type Summary, summarise } from "./in-node/summary.ts";
import { acknowledgedIn } from "./measure.ts";
import { findK6, inNode, k6At, type LoadProgram } from "./program.ts";
import { SCENARIO_NAMES } from "./scenarios.ts";
import { type AnswerTo, accepted, idOf, type StubGateway, startStubGateway } from "./stub-gateway.ts";

const test = suite("the scripts of k6/");
const root = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "scripts-"));
const secret = newSecret();
const SUBMISSIONS = 300;
const REPEATED = 30;
test.after(() => rmSync(folder, { recursive: true }));

interface Smoke {
  readonly code: number;
  readonly gateway: StubGateway;
  readonly acknowledged: readonly string[];
  readonly missed: readonly string[];
  count(metric: string): number;
}

async function smoke(program: LoadProgram, answerTo: AnswerTo): Promise<Smoke> {
  const gateway = await startStubGateway(secret, answerTo);
  const [log, summary] = [join(folder, "console.log"), join(folder, "summary.json")];
  const code = await program.run(join(root, "k6/smoke.ts"), {
    ...{ YARD_URL: gateway.url, SOURCE: "load", SOURCE_SECRET: secret, RUN: "test", SUMMARY_FILE: summary },
    K6_CONSOLE_OUTPUT: log,
  });
  await gateway.close();
  const { metrics } = JSON.parse(readFileSync(summary, "utf8")) as Summary;
  const missed = Object.entries(metrics).flatMap(([name, { thresholds = {} }]) =>
    Object.values(thresholds).every(({ ok }) => ok) ? [] : [name],
  );
  const count = (metric: string): number => metrics[metric]?.values.count ?? 0;
  return { code, gateway, acknowledged: acknowledgedIn(log), missed, count };
}

const isRepeated = (key: string): boolean => key.endsWith("0");
const k6 = findK6(process.env);
const programs: readonly LoadProgram[] = [inNode(), ...(k6 === undefined ? [] : [k6At(k6)])];
if (k6 === undefined) console.log("k6 is not installed, so only Node runs the scripts");

for (const program of programs) {
  test(`send signed submissions, each under a key of its own, and some of them again (${program.name})`, async () => {
    const { code, gateway, acknowledged, missed, count } = await smoke(program, accepted);
    assert.equal([code, missed], [0, []]);
    assert.is(gateway.seen.length, SUBMISSIONS + REPEATED);
    assert.ok(gateway.seen.every(({ isSigned }) => isSigned));
    const keys = [...new Set(gateway.seen.map(({ key }) => key))];
    assert.is(keys.length, SUBMISSIONS);
    assert.equal([...acknowledged].sort(), keys.map(idOf).sort());
    assert.equal(
      [count("submissions_sent"), count("submissions_acknowledged"), count("repeats_recognised")],
      [SUBMISSIONS, SUBMISSIONS, REPEATED],
    );
    const paths = Map.groupBy(gateway.seen, ({ path }) => path);
    assert.equal([...paths.keys()].sort(), ["/api/assistance", "/api/events", "/api/submit"]);
  });

  test(`come again with the same bytes under the same key when they are told to (${program.name})`, async () => {
    const { code, gateway, acknowledged, count } = await smoke(program, (key, nth) =>
      nth === 1 && key.endsWith("7") ? { status: 503, retryAfterS: 1 } : accepted(key, nth),
    );
    assert.is(code, 0);
    assert.is(acknowledged.length, SUBMISSIONS);
    assert.equal([count("submissions_retried"), count("answers_unexpected")], [30, 0]);
    for (const [key, requests] of Map.groupBy(gateway.seen, (seen) => seen.key)) {
      assert.is(requests.length, isRepeated(key) || key.endsWith("7") ? 2 : 1);
      assert.is(new Set(requests.map(({ body }) => body)).size, 1);
    }
  });

  test(`call a refusal a failure (${program.name})`, async () => {
    const { code, acknowledged, missed, count } = await smoke(program, (key, nth) =>
      key.endsWith("7") ? { status: 401 } : accepted(key, nth),
    );
    assert.is(code, 99);
    assert.equal([...missed].sort(), ["answers_unexpected", "submissions_failed"]);
    assert.equal([acknowledged.length, count("submissions_failed")], [SUBMISSIONS - 30, 30]);
  });

  const unexpected: Readonly<Record<string, AnswerTo>> = {
    "a 503 without Retry-After": (key, nth) =>
      nth === 1 && key.endsWith("7") ? { status: 503 } : accepted(key, nth),
    "no answer": (key, nth) => (nth === 1 && key.endsWith("7") ? { status: 0 } : accepted(key, nth)),
    "a repeat that is not recognised": (key) => accepted(key, 1),
    "a repeat under another id": (key, nth) =>
      nth === 1 ? accepted(key, nth) : { status: 202, body: { id: idOf(`${key}x`), duplicate: true } },
  };
  for (const [what, answerTo] of Object.entries(unexpected))
    test(`notice ${what} (${program.name})`, async () => {
      const { code, missed, count } = await smoke(program, answerTo);
      assert.is(code, 99);
      assert.ok(missed.includes("answers_unexpected"));
      assert.is(count("answers_unexpected"), 30);
    });
}

const variables = { YARD_URL: "http://127.0.0.1:1", SOURCE: "load", SOURCE_SECRET: secret, RUN: "test" };

test("are those that the command knows", () => {
  const known = ["kinds", "submissions", "console.d", ...SCENARIO_NAMES].sort();
  assert.equal(
    globSync(join(root, "k6/*.ts"))
      .map((path) => basename(path, ".ts"))
      .sort(),
    known,
  );
});

for (const name of SCENARIO_NAMES)
  test(`${name} can be run and decided by Node too`, async () => {
    const script = await loadScript(join(root, `k6/${name}.ts`), variables);
    const scenarios = Object.values(script.options.scenarios ?? {});
    assert.ok(scenarios.length > 0);
    for (const { executor, exec = "default", startTime = "0s" } of scenarios) {
      assert.ok(["per-vu-iterations", "constant-vus", "constant-arrival-rate"].includes(executor));
      assert.type(script[exec], "function");
      assert.ok(millisecondsOf(startTime) >= 0);
    }
    // Throws where a threshold names a metric or a statistic that does not exist.
    const { metrics } = summarise(script.options, 0);
    for (const limit of ["submissions_failed", "answers_unexpected"]) assert.ok(metrics[limit]?.thresholds);
  });

test.run();
