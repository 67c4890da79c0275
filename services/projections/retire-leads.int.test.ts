import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createLeadQueries, type LeadQueries } from "#projections/leads/query.ts";
import { createStatsQueries } from "#projections/metrics/query.ts";
import { createProgressQueries, requestRebuild } from "#projections/progress.ts";
import { until } from "../../test/harness/wait.ts";
import { startTestYard, type TestYard } from "../../test/leads/yard.ts";
import { appendPastLeads } from "../../test/projections/past-leads.ts";
import { startProjections } from "./app.ts";

const test = suite("retention of leads");
const DAY_MS = 86_400_000;
const OLD = new Date(Date.now() - 40 * DAY_MS).toISOString();
const [OLD_LEADS, NEW_LEADS] = [700, 30];
let yard: TestYard;
let leads: LeadQueries;
let projections: { stop(): Promise<void> };

test.before(async () => {
  yard = await startTestYard({ retainLeadsDays: 30 });
  await appendPastLeads(yard, OLD_LEADS, OLD);
  await yard.receive({ email: "waits@example.com" });
  await appendPastLeads(yard, NEW_LEADS);
  const vault = await yard.own.vault();
  leads = createLeadQueries({ database: yard.own.database(), vault, eventStore: yard.own.eventStore() });
  projections = await yard.start("projections", startProjections);
});
test.after(() => yard?.stop());

const counted = async (what: string): Promise<number> => {
  const [row] = await yard.own.database().query<{ many: bigint }>(`select count(*) as many from ${what}`);
  return Number(row?.many);
};
const retired = () =>
  until("old payloads are gone", async () => (await counted("leads.lead where expired")) === OLD_LEADS);

async function atTheEnd(): Promise<void> {
  assert.ok(await leads.reached(await yard.own.eventStore().head(), 30_000));
}

test("takes payload and search rows of old leads, and nothing else", async () => {
  await atTheEnd();
  // The first round may have come before the rows.
  await projections.stop();
  projections = await yard.start("projections", startProjections);
  await retired();
  assert.is(await counted("leads.search"), NEW_LEADS * 3 + 1);
  assert.is(await counted("leads.payload"), NEW_LEADS + 1);
  const [old] = (await leads.list({ to: new Date(Date.now() - 30 * DAY_MS), limit: 1 })).items;
  assert.equal([old?.payload, old?.expired, old?.forgotten], [null, true, undefined]);
  assert.equal([old?.status, old?.attempts], ["delivered", 1]);
  assert.is((await leads.timeline(old?.id ?? ""))?.items.length, 5);
  const [young] = (await leads.list({ status: "delivered", limit: 1 })).items;
  assert.ok(young?.payload);
  assert.is(young.expired, undefined);
  assert.is((await leads.list({ q: "waits@example.com", limit: 5 })).items.length, 1);
});

test("keeps every count", async () => {
  const stats = createStatsQueries({ database: yard.own.database() });
  assert.ok(await stats.reached(await yard.own.eventStore().head(), 30_000));
  const period = { from: new Date(Date.now() - 60 * DAY_MS), to: new Date(Date.now() + DAY_MS) };
  const items = await stats.list({ ...period, bucket: "day", by: "source", clock: "received", limit: 100 });
  const sum = (items ?? []).reduce((all, { received }) => all + received, 0);
  assert.is(sum, OLD_LEADS + NEW_LEADS + 1);
  assert.is((await leads.list({ status: "delivered", limit: 200 })).items.length, 200);
});

test("a rebuild brings nothing back and equals the model in use", async () => {
  const progress = createProgressQueries({
    database: yard.own.database(),
    eventStore: yard.own.eventStore(),
  });
  await requestRebuild(await yard.own.bus(), "leads");
  const done = await until("it is rebuilt", async () => {
    const [one] = (await progress.list()).filter(({ name }) => name === "leads");
    return one?.rebuilt_at != null && one.rebuilding === undefined && one;
  });
  assert.is(done.compared?.equal, true, JSON.stringify(done.compared));
  assert.is(await counted("leads.lead where expired"), OLD_LEADS);
  assert.is(await counted("leads.payload"), NEW_LEADS + 1);
  assert.is(await counted("leads.search"), NEW_LEADS * 3 + 1);
});

test.run();
