import { suite } from "uvu";
import * as assert from "uvu/assert";
import { allProjections } from "#projections/all.ts";
import { prepare, readCheckpoint, rebuildOf } from "#projections/checkpoint.ts";
import { createProgressQueries, type ProjectionProgress, requestRebuild } from "#projections/progress.ts";
import { startNode } from "../../test/harness/process.ts";
import { until } from "../../test/harness/wait.ts";
import { yardEnvironment } from "../../test/harness/yard-environment.ts";
import { startTestYard, type TestYard } from "../../test/leads/yard.ts";
import { appendPastLeads } from "../../test/projections/past-leads.ts";
import { startProjections } from "./app.ts";

const test = suite("rebuilding read models");
const MAIN = new URL("./main.ts", import.meta.url).pathname;
/** Several batches. */
const LEADS = 2_000;
let yard: TestYard;
let names: string[];
let projections: Awaited<ReturnType<TestYard["start"]>>;

test.before(async () => {
  yard = await startTestYard();
  const parts = { vault: await yard.own.vault(), eventStore: yard.own.eventStore() };
  names = allProjections(parts).map(({ name }) => name);
  await appendPastLeads(yard, LEADS);
});
test.after(() => yard?.stop());

const progress = (): Promise<ProjectionProgress[]> =>
  createProgressQueries({ database: yard.own.database(), eventStore: yard.own.eventStore() }).list();

async function upToDate(): Promise<void> {
  const head = await yard.own.eventStore().head();
  await until("every read model reaches the end of the log", async () => {
    const all = await progress();
    return all.length === names.length && all.every(({ position }) => BigInt(position) >= head);
  });
}

/** The rebuilds of those that are named, begun and swapped in. */
async function rebuilt(...which: readonly string[]): Promise<ProjectionProgress[]> {
  const before = new Map((await progress()).map(({ name, rebuilt_at }) => [name, rebuilt_at]));
  const bus = await yard.own.bus();
  await until("the rebuilds have begun", async () => {
    await Promise.all(which.map((name) => requestRebuild(bus, name)));
    return true;
  });
  return swapped(before, ...which);
}

const swapped = (
  before: ReadonlyMap<string, string | null>,
  ...which: readonly string[]
): Promise<ProjectionProgress[]> =>
  until("the rebuilt ones are swapped in", async () => {
    const now = (await progress()).filter(({ name }) => which.includes(name));
    const done = now.filter((one) => one.rebuilding === undefined && one.rebuilt_at !== before.get(one.name));
    return done.length === which.length && done;
  });

const tables = (compared: ProjectionProgress["compared"]) =>
  compared?.tables.map(({ table, rows, rebuilt_rows, equal }) => [table, rows, rebuilt_rows, equal]);

test("a rebuild that is killed on its way goes on where it was, and equals the model in use", async () => {
  const env = { ...yardEnvironment(yard.config), LOG_LEVEL: "info" };
  const database = yard.own.database();
  let running = await startNode(MAIN, env);
  await upToDate();
  const before = new Map((await progress()).map(({ name, rebuilt_at }) => [name, rebuilt_at]));
  const head = await yard.own.eventStore().head();
  await requestRebuild(await yard.own.bus(), "leads");
  const onItsWay = await until("it has come a part of the way", async () => {
    const checkpoint = await readCheckpoint(database, rebuildOf("leads"));
    return checkpoint !== undefined && checkpoint.position > 0n && checkpoint;
  });
  await running.kill();
  const killed = await readCheckpoint(database, rebuildOf("leads"));
  assert.is(killed?.generation, onItsWay.generation);
  assert.ok(killed && killed.position < head, "it was killed before its end");
  running = await startNode(MAIN, env);
  const [leads] = await swapped(before, "leads");
  const done = await readCheckpoint(database, "leads");
  assert.is(done?.generation, onItsWay.generation, "the rebuild was not begun anew");
  assert.is(leads?.compared?.equal, true);
  assert.equal(
    tables(leads?.compared)?.map(([table, rows]) => [table, rows]),
    [
      ["lead_state", LEADS],
      ["payload", LEADS],
      ["search", LEADS * 3],
    ],
  );
  await running.stop();
  projections = await yard.start("projections", startProjections);
});

test("every model is compared, table by table, while events go on coming", async () => {
  const indexes = (): Promise<object[]> =>
    yard.own.database().query(
      `select schemaname, indexname, replace(indexdef, schemaname || '.', '') as definition
         from pg_indexes where schemaname = any($1) order by 1, 2`,
      [names],
    );
  const before = await indexes();
  const coming = appendPastLeads(yard, 300);
  const all = await rebuilt(...names);
  await coming;
  assert.equal(await indexes(), before, "with the same indexes");
  for (const { name, compared } of all) {
    assert.ok(compared, `${name} is compared`);
    assert.ok(compared.equal, `${name} equals its rebuild: ${JSON.stringify(compared)}`);
  }
});

test("a difference is told with its table, and what the log says is served", async () => {
  await upToDate();
  const database = yard.own.database();
  const wrong =
    "update leads.lead_state set status = 'rejected' where id = (select id from leads.lead limit 1)";
  assert.is(await database.execute(wrong), 1);
  assert.is((await database.execute("delete from metrics.counted where bucket = 'day'")) > 0, true);
  const found = new Map((await rebuilt("leads", "metrics")).map((one) => [one.name, one.compared]));
  assert.is(found.get("leads")?.equal, false);
  assert.equal(
    found.get("leads")?.tables.map(({ table, equal }) => [table, equal]),
    [
      ["lead_state", false],
      ["payload", true],
      ["search", true],
    ],
  );
  const counted = found.get("metrics")?.tables.find(({ table }) => table === "counted");
  assert.ok(counted && counted.rows < counted.rebuilt_rows && !counted.equal);
  const [row] = await database.query<{ many: bigint }>(
    "select count(*) as many from leads.lead where status = 'rejected'",
  );
  assert.is(row?.many, 0n);
  assert.match(
    await projections.yard.metrics.registry.metrics(),
    /switchyard_projection_differences_total\{projection="leads"\} 1/,
  );
  assert.is((await rebuilt("leads"))[0]?.compared?.equal, true, "the next one is equal again");
});

test("a model that was dropped, also a part of it, is built anew by itself", async () => {
  await upToDate();
  const database = yard.own.database();
  const count = async (what: string): Promise<bigint | undefined> =>
    (await database.query<{ many: bigint }>(`select count(*) as many from ${what}`))[0]?.many;
  const whole = await count("leads.lead");
  await database.execute("drop schema leads cascade");
  await until("it is built again", async () => (await count("leads.lead")) === whole);
  await database.execute("drop table leads.search");
  await appendPastLeads(yard, 1);
  await until(
    "it has its rows again",
    async () => (await count("leads.search")) === ((await count("leads.lead")) ?? 0n) * 3n,
  );
});

test("a destroyed key takes search rows away, which is no difference", async () => {
  await upToDate();
  // Of a person with one lead: with another one's key the rows of two would go.
  const [some] = await yard.own
    .database()
    .query<{ key: string }>(
      "select sealed->>'key' as key from leads.lead group by 1 having count(*) = 1 limit 1",
    );
  await (await yard.own.vault()).destroy([
    some?.key ?? "",
    `intake-${new Date().toISOString().slice(0, 10)}`,
  ]);
  const [leads] = await rebuilt("leads");
  const search = leads?.compared?.tables.find(({ table }) => table === "search");
  assert.equal([leads?.compared?.equal, search && search.rows - search.rebuilt_rows], [true, 3]);
});

test("a model of another version is rebuilt at the start, with nothing to be compared with", async () => {
  await projections.stop();
  const database = yard.own.database();
  const parts = { vault: await yard.own.vault(), eventStore: yard.own.eventStore() };
  const [leads] = allProjections(parts);
  assert.ok(leads);
  await database.execute("update projections.checkpoint set version = 0 where schema_name = 'leads'");
  const before = new Map((await progress()).map(({ name, rebuilt_at }) => [name, rebuilt_at]));
  const old = await prepare(database, leads);
  await database.execute("drop index identities.record_by_email");
  await yard.start("projections", startProjections);
  const [now] = await swapped(before, "leads");
  assert.is(old.version, 0);
  assert.is(now?.compared, undefined);
  assert.is((await readCheckpoint(database, "leads"))?.version, leads.version);
  await until("an index that is missing elsewhere is made again", async () => {
    const found = await database.query(
      "select to_regclass('identities.record_by_email') is not null as there",
    );
    return found[0]?.there === true;
  });
});

test.run();
