import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DeliveryId, PartnerId, SubmissionId } from "#domain/ids.ts";
import { newUuid } from "#platform/ids.ts";
import { discard, prepare } from "#projections/checkpoint.ts";
import { createLeadQueries, InvalidCursor, type LeadQueries } from "#projections/leads/query.ts";
import { partnersProjection } from "#projections/partners/projection.ts";
import { createPartnerQueries } from "#projections/partners/query.ts";
import { createProgressQueries, requestRebuild } from "#projections/progress.ts";
import { createUnfinishedQueries } from "#projections/unfinished/query.ts";
import { type NodeProcess, startNode } from "../../test/harness/process.ts";
import { until } from "../../test/harness/wait.ts";
import { yardEnvironment } from "../../test/harness/yard-environment.ts";
import { type PartnerYard, startPartnerYard } from "../../test/partners/yard.ts";
import { startPartners } from "../partners/app.ts";
import { startRelay } from "../relay/app.ts";
import { startProjections } from "./app.ts";
import { startBuild } from "./build.ts";

const test = suite("projections");
const MAIN = new URL("./main.ts", import.meta.url).pathname;
let yard: PartnerYard;
let leads: LeadQueries;
let edu: PartnerId;
let projections: { stop(): Promise<void> };

test.before(async () => {
  yard = await startPartnerYard();
  await yard.start("work", startRelay, startPartners);
  projections = await yard.start("projections", startProjections);
  leads = createLeadQueries({
    database: yard.own.database(),
    vault: await yard.own.vault(),
    eventStore: yard.own.eventStore(),
  });
  edu = await yard.configure("edu");
  await until("every read model is built", allBuilt);
});
test.after(() => yard?.stop());

async function allBuilt(): Promise<boolean> {
  const { database, eventStore } = { database: yard.own.database(), eventStore: yard.own.eventStore() };
  const all = await createProgressQueries({ database, eventStore }).list();
  return all.length >= 4 && all.every(({ rebuilding }) => rebuilding === undefined);
}

/** The place of the last event in any partner's stream, those about its circuit included. */
async function lastInABook(): Promise<bigint> {
  const partners = await yard.own
    .database()
    .query<{ partner: PartnerId }>("select distinct partner from leads.lead where partner is not null");
  const histories = await Promise.all(partners.map(({ partner }) => yard.partnerHistory(partner)));
  const last = histories.map((history) => history.at(-1)?.position ?? 0n).sort((a, b) => Number(a - b));
  return last.at(-1) ?? 0n;
}

const caughtUp = async (): Promise<void> => {
  const head = await yard.own.eventStore().head();
  assert.ok(await leads.reached(head, 30_000), "the leads reach the head of the log");
  const written = await lastInABook();
  await until("the others reach the last event that they read", async () => {
    const [row] = await yard.own.database().query<{ behind: bigint }>(
      `select count(*) as behind from projections.checkpoint where
         (schema_name in ('unfinished', 'partners', 'metrics') and position < $1::bigint) or
         (schema_name in ('unfinished', 'metrics') and position < (select max(last_position) from leads.lead))`,
      [`${written}`],
    );
    return row?.behind === 0n;
  });
};

/** Everything that the read models hold, for comparing. */
async function dump(): Promise<Record<string, unknown[]>> {
  const of = async (what: string, order: string): Promise<[string, unknown[]]> => [
    what,
    await yard.own.database().query(`select * from ${what} order by ${order}`),
  ];
  return Object.fromEntries([
    await of("leads.lead", "id"),
    await of("leads.search", "lead_id, hash"),
    await of("unfinished.submission", "submission_id"),
    await of("partners.partner", "partner"),
    await of("identities.lead", "lead_id"),
    await of("metrics.lead", "id"),
    await of("metrics.counted", "bucket, clock, dimension, at, key"),
  ]);
}

async function rebuildAll(): Promise<void> {
  const progress = createProgressQueries({
    database: yard.own.database(),
    eventStore: yard.own.eventStore(),
  });
  const before = new Map((await progress.list()).map((one) => [one.name, one.rebuilt_at]));
  const bus = await yard.own.bus();
  await until("all rebuilds have begun", async () => {
    await Promise.all([...before.keys()].map((name) => requestRebuild(bus, name)));
    return true;
  });
  await until("all are rebuilt", async () => {
    const now = await progress.list();
    return now.every((one) => one.rebuilding === undefined && one.rebuilt_at !== before.get(one.name));
  });
}

test("tell a lead, its timeline and what was asked and answered", async () => {
  const routed = await yard.route(edu, { email: "Ann@Example.com", interest: "Gardening" });
  await yard.becomes(routed, "DeliverySucceeded");
  await caughtUp();
  const lead = await leads.byId(routed.submission_id);
  assert.is(lead?.status, "delivered");
  assert.is(lead?.partner, "edu");
  assert.is(lead?.attempts, 1);
  assert.equal(lead?.payload, { email: "Ann@Example.com", interest: "Gardening" });

  const items = (await leads.timeline(routed.submission_id))?.items ?? [];
  assert.equal(
    items.map(({ type }) => type),
    ["SubmissionReceived", "PersonIdentified", "SubmissionRouted", "DeliveryStarted", "DeliverySucceeded"],
  );
  const [started, succeeded] = items.slice(3);
  assert.equal(started?.request, succeeded?.request);
  const { request, response, timings } = (succeeded ?? {}) as Record<string, Record<string, unknown>>;
  assert.is((request?.body as { email: string } | undefined)?.email, "ann@example.com");
  assert.is(response?.status, 200);
  assert.ok(timings);
  assert.is(await leads.byId("nobody"), undefined);
  assert.is(await leads.timeline(routed.delivery_id), undefined);
});

test("reach the position of an event that they do not read", async () => {
  await yard.configure("edu");
  await caughtUp();
});

test("keep no personal data in the clear", async () => {
  const rows = await yard.own.database().query<{ row: string }>(
    `select lead::text as row from leads.lead union all select search::text from leads.search
     union all select record::text from identities.record`,
  );
  assert.ok(rows.length > 0);
  assert.not.match(rows.map(({ row }) => row).join("\n"), /ann@example|gardening/i);
});

test("list the newest first, page by page, by every filter, and find exact values", async () => {
  const fin = await yard.configure("fin");
  const routed = await Promise.all(
    Array.from({ length: 7 }, (_, n) => yard.route(fin, { email: `p${n}@example.com` })),
  );
  for (const one of routed) await yard.becomes(one, "DeliverySucceeded");
  await caughtUp();
  const seen: string[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await leads.list({ partner: "fin", limit: 3, cursor });
    seen.push(...page.items.map(({ id }) => id));
    cursor = page.next_cursor;
    if (cursor === undefined) break;
  }
  assert.is(seen.length, 7);
  assert.is(new Set(seen).size, 7);
  const found = await leads.list({ q: " P3@example.COM ", limit: 10 });
  assert.equal(
    found.items.map(({ id }) => id),
    [routed[3]?.submission_id],
  );
  assert.is((await leads.list({ q: "p3@example.co", limit: 10 })).items.length, 0);
  assert.is((await leads.list({ q: routed[2]?.submission_id, limit: 10 })).items.length, 1);
  assert.is((await leads.list({ status: "delivered", limit: 10 })).items.length, 8);
  assert.is((await leads.list({ status: "delivering", limit: 10 })).items.length, 0);
  assert.is((await leads.list({ kind: "lead", source: "demo", partner: "fin", limit: 200 })).items.length, 7);
  assert.is((await leads.list({ person_id: "' or true --", limit: 10 })).items.length, 0);
  try {
    await leads.list({ limit: 1, cursor: "nonsense" });
    assert.unreachable();
  } catch (error) {
    assert.instance(error, InvalidCursor);
  }
});

test("know what is owed to whom, and how each partner has fared", async () => {
  const unfinished = createUnfinishedQueries({ database: yard.own.database() });
  const declining = await yard.configure("declining");
  await yard.behave("declining", { behaviour: "rejecting", status: 400 });
  await yard.becomes(await yard.route(declining), "DeliveryRejected");
  const asleep = await yard.configure("asleep", { enabled: false });
  const waiting = await yard.route(asleep);
  await until("it is owed to the partner", async () => {
    const all = await unfinished.list({ olderThan: new Date(Date.now() + 1_000), limit: 100 });
    return all.find((one) => one.submission_id === waiting.submission_id)?.partner === "asleep";
  });
  const all = await unfinished.list({ olderThan: new Date(Date.now() + 1_000), limit: 100 });
  const [first, second] = all;
  assert.ok(first && second && first.position < second.position);
  assert.is(first.mailbox, "lead");
  const next = await unfinished.list({ olderThan: new Date(), limit: 1, after: first.position });
  assert.is(next[0]?.position, second.position);
  assert.ok((await unfinished.checkpoint()) > 0n);

  const counts = await createPartnerQueries({ database: yard.own.database() }).byId(PartnerId.parse("fin"));
  assert.equal(counts, {
    partner: "fin",
    delivered: 7,
    failed: 0,
    dead_lettered: 0,
    duplicates: 0,
    circuit: "closed",
    in_flight: 0,
    held: 0,
    delayed: 0,
  });
});

test("begin anew with a partner that retired", async () => {
  const partner = PartnerId.parse("retiree");
  const counts = async () => createPartnerQueries({ database: yard.own.database() }).byId(partner);
  const delivery_id = DeliveryId.parse(newUuid());
  const submission_id = SubmissionId.parse(newUuid());
  const about = { partner, delivery_id, submission_id, attempts: 0, reason: "x" };
  await yard.says(
    partner,
    { type: "CircuitOpened", data: { partner, until: "2099-01-01T00:00:00.000Z", reason: "x" } },
    { type: "DeliveryDeadLettered", data: { ...about, cause: "partner_removed" } },
  );
  await until("it is counted", async () => (await counts()).dead_lettered === 1);
  await yard.says(partner, { type: "PartnerRetired", data: { partner } });
  await until("it is not any more", async () => (await counts()).dead_lettered === 0);
  assert.is((await counts()).circuit, "closed");
});

test("are equal after a rebuild, while events go on coming", async () => {
  const busy = await yard.configure("busy");
  await yard.behave("busy", { behaviour: "failing", rate: 0.3 });
  const coming = Promise.all(Array.from({ length: 60 }, () => yard.route(busy)));
  await rebuildAll();
  for (const one of await coming)
    await until("it has ended", async () =>
      /Succeeded|DeadLettered/.test((await yard.partnerHistory(busy, one)).at(-1)?.type ?? ""),
    );
  await caughtUp();
  const before = await until("all have come to rest", async () => {
    const [one, other] = [await dump(), await dump()];
    return JSON.stringify(one, replacer) === JSON.stringify(other, replacer) && one;
  });
  await rebuildAll();
  assert.equal(await dump(), before);
  assert.is(before["leads.lead"]?.length, 60 + 10);
});

async function routeSome(partner: PartnerId, count: number) {
  const some = [];
  // Sealing may need a key just when PostgreSQL crashes; nothing is appended then.
  for (let n = 0; n < count; n++) some.push(await until("it is routed", () => yard.route(partner)));
  return some;
}

const replacer = (_key: string, value: unknown): unknown => (typeof value === "bigint" ? `${value}` : value);

test("count each event once although their process is killed again and again", async () => {
  await projections.stop();
  const env = {
    ...yardEnvironment(yard.config),
    LOG_LEVEL: "info",
  };
  const many = await yard.configure("many");
  const deliveries = 300;
  const routed = [routeSome(many, deliveries / 3)];
  let running: NodeProcess | undefined;
  const counts = createPartnerQueries({ database: yard.own.database() });
  for (let kills = 0; kills < 2; kills++) {
    const before = (await counts.byId(many)).delivered;
    running = await startNode(MAIN, env);
    // Each time anew, so that there is something to count however quick the one before it was.
    routed.push(routeSome(many, deliveries / 3));
    await until("it has moved on", async () => (await counts.byId(many)).delivered > before);
    await running.kill();
  }
  running = await startNode(MAIN, env);
  const all = (await Promise.all(routed)).flat();
  for (const one of all) await yard.becomes(one, "DeliverySucceeded");
  await until("all are counted", async () => (await counts.byId(many)).delivered >= deliveries);
  assert.is((await counts.byId(many)).delivered, deliveries);
  await caughtUp();
  const before = await dump();
  await rebuildAll();
  assert.equal(await dump(), before);
  await running.stop();
  projections = await yard.start("projections again", startProjections);
});

test("count each event once although PostgreSQL crashes and loses what it had not synced", async () => {
  const often = await yard.configure("often");
  const counts = createPartnerQueries({ database: yard.own.database() });
  const routed: ReturnType<typeof routeSome>[] = [];
  for (let crashes = 0; crashes < 3; crashes++) {
    const before = (await counts.byId(often)).delivered;
    routed.push(routeSome(often, 100));
    await until("they have moved on", async () => (await counts.byId(often)).delivered > before);
    await yard.parts.postgres.crash();
  }
  for (const one of (await Promise.all(routed)).flat()) await yard.becomes(one, "DeliverySucceeded");
  await until("all are counted", async () => (await counts.byId(often)).delivered >= 300);
  assert.is((await counts.byId(often)).delivered, 300);
  await caughtUp();

  // The last commits are lost, and no event comes after them.
  const keepUnwritten = async (delay: string): Promise<void> => {
    await yard.own.database().execute(`alter system set wal_writer_delay = '${delay}'`);
    await yard.own.database().execute("select pg_reload_conf()");
  };
  await keepUnwritten("10s");
  await yard.becomes(await yard.route(often), "DeliverySucceeded");
  await until("the last is counted", async () => (await counts.byId(often)).delivered === 301);
  await yard.parts.postgres.crash();
  await until("it is counted again", async () => (await counts.byId(often)).delivered === 301);
  await keepUnwritten("200ms");
  await caughtUp();
  const before = await dump();
  await rebuildAll();
  assert.equal(await dump(), before);
});

test("are written by one of two writers that both believe to be the only one", async () => {
  const [database, eventStore] = [yard.own.database(), yard.own.eventStore()];
  const projection = partnersProjection();
  const checkpoint = await prepare(database, projection, "contested");
  let fenced = 0;
  const writers = [1, 2].map(() =>
    startBuild(
      { name: "contested", projection, checkpoint, onSkipped: () => undefined },
      { database, eventStore, log: yard.own.log },
      { onFenced: () => fenced++ },
    ),
  );
  await caughtUp();
  const rowsOf = (schema: string) => database.query(`select * from ${schema}.partner order by partner`);
  try {
    await until("one of them has written all", async () => {
      const [theirs, live] = [await rowsOf("contested"), await rowsOf("partners")];
      return JSON.stringify(theirs, replacer) === JSON.stringify(live, replacer);
    });
    await until("the other is fenced out", () => fenced === 1);
    await Promise.all(writers.map((one) => one.stop()));
    assert.equal(await rowsOf("contested"), await rowsOf("partners"));
  } finally {
    await Promise.all(writers.map((one) => one.stop()));
    await discard(database, "contested");
  }
});

test("show no payload once its key is destroyed, and never find it again after a rebuild", async () => {
  const routed = await yard.route(edu, { email: "gone@example.com" });
  await yard.becomes(routed, "DeliverySucceeded");
  await caughtUp();
  assert.is((await leads.list({ q: "gone@example.com", limit: 5 })).items.length, 1);
  await (await yard.own.vault()).destroy(["nobody-2026-01"]);
  await rebuildAll();
  const lead = await leads.byId(routed.submission_id);
  assert.equal([lead?.payload, lead?.forgotten], [null, true]);
  assert.is((await leads.list({ q: "gone@example.com", limit: 5 })).items.length, 0);
  const items = (await leads.timeline(routed.submission_id))?.items ?? [];
  assert.is(items.at(-1)?.request, null);
});

test.run();
