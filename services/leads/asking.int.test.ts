import { suite } from "uvu";
import * as assert from "uvu/assert";
import { PartnerId, type SubmissionId } from "#domain/ids.ts";
import { Rule } from "#domain/rules/rule.ts";
import { Decided } from "#domain/submission/events.ts";
import { newUuid } from "#platform/ids.ts";
import { until } from "../../test/harness/wait.ts";
import { dataIn, routeIn, startTestYard, type TestYard } from "../../test/leads/yard.ts";
import { startIdentity } from "../identity/app.ts";
import { startRelay } from "../relay/app.ts";
import { createSimulator, type Simulator } from "../simulator/app.ts";
import { startLeads } from "./app.ts";

const test = suite("leads that a routing service decides about");
let yard: TestYard;
let simulator: Simulator;
let worker: Awaited<ReturnType<TestYard["start"]>>;
const types = (history: readonly { type: string }[]): string[] => history.map(({ type }) => type);

const askedWhere = (service: string): Rule =>
  Rule.parse({
    id: `ask-${service}`,
    name: service,
    priority: 1,
    enabled: true,
    when: { combinator: "and", rules: [{ field: "ask", operator: "=", value: service }] },
    route: { ask: service },
  });
const rest = Rule.parse({
  id: "rest",
  name: "Rest",
  priority: 2,
  enabled: true,
  when: { combinator: "and", rules: [] },
  route: { to: "edu" },
});

async function behave(name: string, settings: object): Promise<void> {
  const url = `${simulator.url}/partners/${name}`;
  assert.is((await fetch(url, { method: "PUT", body: JSON.stringify(settings) })).status, 200);
}
const totals = async (name: string) =>
  (await (await fetch(`${simulator.url}/partners/${name}`)).json()) as Record<string, number>;
const url = (name: string): string => `${simulator.url}/partners/${name}`;

/** How often a stage was timed in the process. */
async function timed(stage: string): Promise<number> {
  const { values } = await worker.yard.metrics.stageSeconds.get();
  const ofStage = values.filter(
    ({ metricName, labels }) => metricName?.endsWith("_count") && labels.stage === stage,
  );
  return ofStage[0]?.value ?? 0;
}

const receive = (payload: object): Promise<SubmissionId> =>
  yard.receive({ email: `${newUuid()}@example.com`, phone: "+15550122" }, { payload });

test.before(async () => {
  [yard, simulator] = await Promise.all([startTestYard(), createSimulator()]);
  await yard.partner("edu");
  await yard.partner("fin");
  await yard.partner("closed", false);
  const retry = { base_ms: 10, max_ms: 20 };
  await behave("picker", { chooses: "fin", reason: "it is near" });
  await yard.service("picker", { url: url("picker") });
  await behave("lost", { chooses: "gone" });
  await yard.service("lost", { url: url("lost"), retry: { ...retry, max_attempts: 4 } });
  await behave("slow", { chooses: "fin", delay_ms: 2_000 });
  await yard.service("slow", { url: url("slow"), concurrency: 300 });
  await behave("hangs", { behaviour: "hanging" });
  await yard.service("hangs", { url: url("hangs"), timeout_ms: 30_000 });
  await behave("shut", { chooses: "closed" });
  await yard.service("shut", { url: url("shut") });
  await yard.rules(...["picker", "lost", "slow", "hangs", "shut", "nobody"].map(askedWhere), rest);
  worker = await yard.start("one", startRelay, startIdentity, startLeads);
});
test.after(async () => {
  await yard?.stop();
  await simulator?.close();
});

test("go where it says, and it is recorded who was asked and what the answer was", async () => {
  const id = await receive({ ask: "picker", interest: "Art" });
  const history = await yard.reaches(id, "SubmissionRouted");
  assert.equal(types(history), ["SubmissionReceived", "PersonIdentified", "SubmissionRouted"]);
  assert.equal([routeIn(history).partner, routeIn(history).rule], ["fin", "ask-picker"]);
  const { asked } = Decided.parse(dataIn(history, "SubmissionRouted").decided);
  assert.equal(asked, { service: "picker", partner: "fin", reason: "it is near" });
  assert.is((await totals("picker")).requests, 1, "it is asked once");
});

test("become dead letters of the stage, with the reason, when it names no partner however often it is asked", async () => {
  const before = await timed("identify");
  const id = await receive({ ask: "lost" });
  const history = await yard.reaches(id, "SubmissionDeadLettered");
  assert.equal(types(history), ["SubmissionReceived", "PersonIdentified", "SubmissionDeadLettered"]);
  const { stage, reason, attempts } = dataIn(history, "SubmissionDeadLettered");
  assert.equal(
    [stage, reason, attempts],
    ["route", 'routing service lost: answered with "gone", which is no partner', 4],
  );
  assert.is((await totals("lost")).requests, 4);
  assert.is(await timed("identify"), before + 1, "whoever is known is not identified anew with each try");
});

test("are blocked, with the reason, where the partner takes nothing or nobody is there to be asked", async () => {
  for (const [ask, expected] of [
    ["shut", "rule ask-shut leads nowhere: partner closed is disabled"],
    ["nobody", "rule ask-nobody asks nobody, which is no routing service"],
  ] as const) {
    const { stage, reason } = dataIn(
      await yard.reaches(await receive({ ask }), "SubmissionDeadLettered"),
      "SubmissionDeadLettered",
    );
    assert.equal([stage, reason], ["route", expected]);
  }
});

test("hold up nobody else, however many wait for however long", async () => {
  const slow = await Promise.all(Array.from({ length: 200 }, () => receive({ ask: "slow" })));
  await until("many are asked about at once", async () => ((await totals("slow")).in_flight ?? 0) > 100);
  const others = await Promise.all(Array.from({ length: 40 }, () => receive({})));
  await Promise.all(others.map((id) => yard.reaches(id, "SubmissionRouted")));
  const routed = await Promise.all(
    slow.map(async (id) => types(await yard.history(id)).includes("SubmissionRouted")),
  );
  assert.ok(routed.includes(false), "the others were routed while these still waited");
  for (const id of slow)
    assert.is(routeIn(await yard.reaches(id, "SubmissionRouted", 20_000)).partner, "fin");
  const { requests } = await totals("slow");
  assert.is(requests, slow.length, "nobody was asked about twice");
});

test("are asked about again after the process died in the middle, and routed once", async () => {
  const id = await receive({ ask: "hangs" });
  await until("it is asked", async () => (await totals("hangs")).in_flight === 1);
  await worker.stop();
  assert.equal(types(await yard.history(id)), ["SubmissionReceived", "PersonIdentified"]);
  await behave("hangs", { chooses: "edu" });
  worker = await yard.start("two", startRelay, startIdentity, startLeads);
  const history = await yard.reaches(id, "SubmissionRouted", 20_000);
  assert.equal(types(history), ["SubmissionReceived", "PersonIdentified", "SubmissionRouted"]);
  assert.is(routeIn(history).partner, PartnerId.parse("edu"));
});

test.run();
