import * as assert from "uvu/assert";
import { startTestGateway, type TestGateway } from "../../../test/gateway/gateway.ts";
import { partsSuite } from "../../../test/gateway/suite.ts";
import { until } from "../../../test/harness/wait.ts";
import { appendHistory, type Past, pastIds } from "../../../test/rules/history.ts";
import { startCompiler } from "../../compiler/app.ts";
import { startProjections } from "../../projections/app.ts";

const { test, parts, atEnd } = await partsSuite("rules in the shadow of those in force");
const start = (): Promise<TestGateway> => startTestGateway(parts, {}, [startCompiler, startProjections]);
// The compiler begins later, so that it is seen that nothing counts before.
let yard = await startTestGateway(parts, {}, [startProjections]);
atEnd(() => yard.stop());

for (const id of ["edu", "school"])
  await yard.admin("PUT", `/api/partners/${id}`, {
    name: id,
    delivery: { type: "http", url: "http://8.8.8.8/leads" },
  });
const rule = (id: string, interest: string, to: string): Record<string, unknown> => ({
  id,
  name: id,
  priority: 1,
  enabled: true,
  when: { combinator: "and", rules: [{ field: "interest", operator: "=", value: interest }] },
  route: { to },
});
const live = [rule("live", "Education", "edu")];
const rules = [rule("study", "Education", "school")];
const education = { interest: "Education" };
const history: Past[] = [
  { payload: education, partner: "edu" },
  { payload: {}, partner: null },
  { payload: education, partner: "school" },
  { payload: education, partner: null },
];
const append = (name: string): Promise<void> =>
  appendHistory(yard, name, history.length, (n) => history[n] as Past);
const shown = async () => (await yard.admin("GET", "/api/rules/shadow")).body;
const running = () => until("the shadow counts", async () => (await shown()).status === "running");
/** Everything up to now is counted. */
const counted = async () => {
  const head = await yard.eventStore().head();
  await until("the read model is there", async () => {
    const { body } = await yard.admin("GET", "/api/projections");
    const { position } = body.find((one: { name: string }) => one.name === "shadow") ?? {};
    return position !== undefined && BigInt(position) >= head;
  });
  return shown();
};

test("counts what it would have decided from when it is compiled, and is never used", async () => {
  assert.is((await yard.admin("GET", "/api/rules/shadow")).status, 404);
  await yard.admin("PUT", "/api/rules", { rules: live });
  await append("before");
  const put = await yard.admin("PUT", "/api/rules/shadow", { rules });
  assert.is(put.status, 200);
  assert.equal(put.body.rules, rules);
  assert.match(put.body.note, "can't be replayed");
  assert.is(put.body.status, "compiling");
  await append("too early");
  assert.is((await counted()).total, 0);
  await startCompiler(yard);
  await running();
  await append("beside");
  const { total, changed, partners, unrouted, examples, since } = await counted();
  assert.equal([total, changed, since.slice(0, 2)], [4, 2, "20"]);
  assert.equal(
    Object.entries(partners as Record<string, Record<string, number>>)
      .map(([id, { now, then: other }]) => [id, now, other])
      .sort(),
    [
      ["edu", 1, 0],
      ["school", 1, 3],
    ],
  );
  assert.equal([unrouted.now, unrouted.then], [2, 1]);
  assert.equal(examples, [
    { id: pastIds("beside", 0).id, from: "edu", to: "school", rule: "study" },
    { id: pastIds("beside", 3).id, from: null, to: "school", rule: "study" },
  ]);
  assert.equal((await yard.admin("GET", "/api/rules")).body.rules, live);
});

test("goes on counting after everything has been started again, and each decision once", async () => {
  await yard.stop();
  yard = await start();
  assert.is((await counted()).total, 4);
  await append("afterwards");
  const { total, changed, status } = await counted();
  assert.equal([total, changed, status], [8, 4, "running"]);
});

test("is the same when it is built anew from the log", async () => {
  const before = await counted();
  const asked = new Date().toISOString();
  assert.is((await yard.admin("POST", "/api/projections/shadow/rebuild")).status, 202);
  await until("it is rebuilt", async () => {
    const { body } = await yard.admin("GET", "/api/projections");
    const { rebuilt_at } = body.find((one: { name: string }) => one.name === "shadow");
    return rebuilt_at !== null && rebuilt_at > asked;
  });
  assert.equal(await counted(), before);
});

test("another in its place begins at nothing, and one that has ended is gone", async () => {
  const nobody = await yard.admin("PUT", "/api/rules/shadow", { rules: [rule("r", "x", "nobody")] });
  assert.equal([nobody.status, nobody.body.errors[0].path], [422, "rules.0.route.to"]);
  assert.is((await yard.admin("PUT", "/api/rules/shadow", { rules: [] })).status, 200);
  await running();
  assert.is((await counted()).total, 0);
  await append("another");
  assert.equal([(await counted()).total, (await shown()).changed], [4, 2]);
  assert.is((await yard.admin("DELETE", "/api/rules/shadow")).status, 204);
  assert.is((await yard.admin("GET", "/api/rules/shadow")).status, 404);
  assert.is((await yard.admin("DELETE", "/api/rules/shadow")).status, 404);
});

test.run();
