// Everything that is derived is dropped under a running yard, and made again from the log.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createProgressQueries, requestRebuild } from "#projections/progress.ts";
import { type DeadLetterYard, SHORT, startDeadLetterYard, WORKERS } from "../../../test/dead-letters/yard.ts";
import { until } from "../../../test/harness/wait.ts";

const test = suite("dropped read models");
let yard: DeadLetterYard;
test.before(async () => {
  yard = await startDeadLetterYard(...WORKERS);
});
test.after(() => yard?.stop());

const read = async (path: string): Promise<unknown> => {
  const { status, body } = await yard.api("GET", path);
  assert.is(status, 200, path);
  return body;
};

const CONDITION = { combinator: "and", rules: [{ field: "interest", operator: "=", value: "gardening" }] };
const RULE = { name: "Gardens", priority: 1, enabled: true, when: CONDITION, route: { to: "good" } };

/** Leads that were delivered, given back, declined and that died; merged persons, rules beside those in force. */
async function live(): Promise<readonly string[]> {
  const [good, bad] = [await yard.configure("good"), await yard.configure("bad", SHORT)];
  await yard.behave("bad", { behaviour: "failing" });
  assert.is((await yard.api("PUT", "/api/rules/gardens", RULE)).status, 200);
  assert.is(
    (await yard.api("PUT", "/api/rules/shadow", { rules: [{ id: "gardens", ...RULE }] })).status,
    200,
  );
  const routed = await Promise.all([
    yard.route(good, { email: "ann@example.com", interest: "Gardening" }),
    yard.route(good, { phone: "+15550100", full_name: "Bob" }),
    yard.route(good, { email: "cid@example.com" }),
  ]);
  for (const one of routed) await yard.ends(one, "delivered");
  const returned = { lead_id: routed[2]?.submission_id, reason: "wrong number" };
  assert.is((await yard.api("POST", "/api/partners/good/returns", returned)).status, 200);
  const died = await yard.die(bad, 2);
  await yard.lies("bad", 2);
  return [...routed, ...died].map(({ submission_id }) => submission_id);
}

async function answers(ids: readonly string[]): Promise<Record<string, unknown>> {
  const people = (await read("/api/identities")) as { items: { id: string }[] };
  const paths = [
    ..."|status=delivered|status=returned|partner=good|source=demo|kind=lead|rule=gardens|q=ann@example.com|q=Bob|limit=2"
      .split("|")
      .map((query) => `/api/leads?${query}`),
    ...ids.flatMap((id) => [`/api/leads/${id}`, `/api/leads/${id}/timeline`]),
    ...people.items.flatMap(({ id }) => [`/api/identities/${id}`, `/api/leads?person_id=${id}`]),
    ...[
      "/api/identities",
      "/api/identities?email=ann@example.com",
      "/api/dlq",
      "/api/dlq?stage=deliver&partner=bad",
    ],
    ...["/api/audit", "/api/audit?by=admin", "/api/partners", "/api/partners/good", "/api/rules/shadow"],
    ...["source", "kind", "partner", "rule", "status"].flatMap((by) =>
      ["received", "ended"].map((clock) => `/api/stats?bucket=day&by=${by}&clock=${clock}`),
    ),
  ];
  return Object.fromEntries(await Promise.all(paths.map(async (path) => [path, await read(path)] as const)));
}

test("a replay after everything was dropped gives the same answers on every endpoint", async () => {
  const ids = await live();
  const parts = { database: yard.own.database(), eventStore: yard.own.eventStore() };
  const progress = createProgressQueries(parts);
  const reached = async (): Promise<boolean> => {
    const head = await parts.eventStore.head();
    const all = await progress.list();
    return all.length === 10 && all.every((one) => !one.rebuilding && BigInt(one.position) >= head);
  };
  await until("every model is up to date", reached);
  const before = await answers(ids);
  const names = (await progress.list()).map(({ name }) => name);
  for (const schema of [...names, "projections"])
    await parts.database.execute(`drop schema ${schema} cascade`);
  await until("every model is there again", reached);
  assert.equal(await answers(ids), before);

  for (const schema of [...names, "projections"])
    await parts.database.execute(`drop schema ${schema} cascade`);
  const bus = await yard.own.bus();
  for (const name of names) await requestRebuild(bus, name);
  await until("every model is replayed", async () => {
    const all = await progress.list();
    return all.every(({ rebuilt_at }) => rebuilt_at !== null) && (await reached());
  });
  assert.equal(await answers(ids), before);
});

test.run();
