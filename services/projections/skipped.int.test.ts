import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { NewEvent } from "#platform/event-store/stored-event.ts";
import { newUuid } from "#platform/ids.ts";
import { createLog } from "#platform/log.ts";
import { createProgressQueries } from "#projections/progress.ts";
import type { Projection } from "#projections/projection.ts";
import { MAX_LISTED, type SkippedPage } from "#projections/skipped.ts";
import { until } from "../../test/harness/wait.ts";
import { startTestYard, type TestYard } from "../../test/leads/yard.ts";
import { createTurns } from "./compare-builds.ts";
import { createGroup } from "./group.ts";
import { type Runner, runProjection } from "./runner.ts";

// A model whose first release can't read what its second one can.

const test = suite("events that a model passes over");
const log = createLog({ level: "silent", name: "test", instance: "test" });
const STREAM = "odd-1";
let yard: TestYard;
let runner: Runner;

test.before(async () => {
  yard = await startTestYard();
});
test.after(async () => {
  await runner?.close();
  await yard?.stop();
});

const oddModel = (version: number): Projection => ({
  name: "odd",
  version,
  prefixes: ["odd-"],
  tables: ["create table seen (position bigint primary key)"],
  async apply(target, events) {
    const read = events.filter(({ type }) => version > 1 || type === "Plain");
    for (const raw of events) if (!read.includes(raw)) target.onSkipped(raw, "unreadable");
    const positions = read.map(({ position }) => position);
    await target.execute(`insert into ${target.schema}.seen select unnest($1::bigint[])`, [positions]);
  },
});

function run(projection: Projection): Runner {
  const [database, eventStore] = [yard.own.database(), yard.own.eventStore()];
  return runProjection(projection, {
    database,
    eventStore,
    rebuilds: eventStore,
    log,
    group: createGroup({ database, eventStore, log }),
    turns: createTurns(),
    onLag: () => undefined,
    onSkipped: () => undefined,
    onCompared: () => undefined,
  });
}

const progress = () =>
  createProgressQueries({ database: yard.own.database(), eventStore: yard.own.eventStore() });
const listed = async (page: { limit: number; cursor?: string } = { limit: 200 }): Promise<SkippedPage> => {
  const found = await progress().skipped("odd", page);
  assert.ok(found);
  return found;
};

async function append(...types: readonly string[]): Promise<void> {
  const metadata = { schema: 1, at: new Date().toISOString() };
  const events = types.map((type): NewEvent => ({ id: newUuid(), type, data: {}, metadata }));
  await yard.own.eventStore().append(STREAM, "any", events);
  const head = await yard.own.eventStore().head();
  await until("the model has taken them in", async () => {
    const [odd] = await progress().list();
    return odd !== undefined && BigInt(odd.position) >= head;
  });
}

test("are listed with where they stand and why, the newest first, page by page", async () => {
  runner = run(oddModel(1));
  await append("Plain", "Torn", "Plain", "Bent");
  const first = await listed({ limit: 1 });
  assert.equal(
    first.items.map(({ stream, revision, type, reason }) => [stream, revision, type, reason]),
    [[STREAM, "3", "Bent", "unreadable"]],
  );
  const second = await listed({ limit: 1, cursor: first.next_cursor ?? "" });
  assert.equal(
    second.items.map(({ revision, type }) => [revision, type]),
    [["1", "Torn"]],
  );
  assert.is(second.next_cursor, undefined);
  assert.is(second.not_listed, 0);
  const stored = await yard.own.eventStore().readStream(STREAM, { from: 1n, maxCount: 1 });
  assert.equal(
    second.items.map(({ position, at }) => [position, at]),
    stored.map(({ position, created }) => [`${position}`, created.toISOString()]),
  );
  assert.is(await progress().skipped("nothing", { limit: 1 }), undefined);
});

test("are listed up to a number, and all counted", async () => {
  const many = MAX_LISTED + 20;
  for (let left = many; left > 0; left -= 255)
    await append(...Array.from({ length: Math.min(255, left) }, () => "Torn"));
  let cursor: string | undefined;
  const revisions: string[] = [];
  do {
    const page = await listed({ limit: 200, ...(cursor !== undefined && { cursor }) });
    assert.is(page.not_listed, 22);
    revisions.push(...page.items.map(({ revision }) => revision));
    cursor = page.next_cursor;
  } while (cursor !== undefined);
  assert.equal(
    revisions,
    Array.from({ length: MAX_LISTED }, (_, n) => `${many + 3 - n}`),
  );
  assert.is((await progress().list())[0]?.skipped, many + 2);
});

test("are listed no more after a rebuild by a release that can read them", async () => {
  await runner.close();
  runner = run(oddModel(2));
  await until("it is rebuilt", async () => (await progress().list())[0]?.rebuilt_at !== null);
  assert.equal(await listed(), { items: [], not_listed: 0 });
  assert.is((await progress().list())[0]?.skipped, 0);
});

test.run();
