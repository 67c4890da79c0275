// What the contract's questions cost in large tables: PostgreSQL itself says which rows it looks at to answer them.
import { pino } from "pino";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CampaignId, PartnerId } from "#domain/ids.ts";
import { connectDatabase, type Database, type Queryable } from "#platform/database.ts";
import type { Vault } from "#platform/vault/vault.ts";
import { type PostgresServer, startPostgres } from "../test/harness/postgres.ts";
import { fillReadModels, fingerprintOf, LARGE } from "../test/projections/large-tables.ts";
import { PASSED_ON } from "./audit/change.ts";
import { createAuditQueries } from "./audit/query.ts";
import { createCampaignQueries } from "./campaigns/query.ts";
import { createDeadLetterQueries } from "./dead-letters/query.ts";
import { createIdentityQueries } from "./identities/query.ts";
import type { LeadFilter } from "./leads/page.ts";
import { createLeadQueries } from "./leads/query.ts";
import { createStatsQueries, dimensions } from "./metrics/query.ts";
import { createPartnerQueries } from "./partners/query.ts";
import { createTimerQueries } from "./timers/query.ts";
import { createUnfinishedQueries } from "./unfinished/query.ts";

const test = suite("plans of queries");
/** A page of 50, a few times over: what is looked at for an answer does not grow with the table. */
const MAX_ROWS = 2_000;

interface Node {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Actual Rows": number;
  readonly "Actual Loops": number;
  readonly "Rows Removed by Filter"?: number;
  readonly "Rows Removed by Index Recheck"?: number;
  readonly Plans?: readonly Node[];
}

let postgres: PostgresServer;
let database: Database;
const asked: { readonly sql: string; readonly params: readonly unknown[] }[] = [];

const vault = {
  fingerprint: (_: string, value: string) => fingerprintOf(value),
  openReadable: async (items: readonly unknown[]) => items.map(() => undefined),
} as unknown as Vault;
const eventStore = { readStream: async () => [], readStreamBackwards: async () => [] };

test.before(async () => {
  postgres = await startPostgres();
  database = connectDatabase({ url: postgres.url, log: pino({ level: "silent" }) });
  await fillReadModels(database);
});
test.after(async () => {
  await database?.close();
  await postgres?.stop();
});

/** Answers as the database does, and keeps what it was asked about the tables. */
const watched = (): Database => ({
  ...database,
  query: <R extends object>(...[sql, params = []]: Parameters<Queryable["query"]>) => {
    asked.push({ sql, params });
    return database.query<R>(sql, params);
  },
});

const nodesOf = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];

/** Each statement of the question looks at few rows, and reads no large table from front to end. */
async function isCheap(name: string, question: () => Promise<unknown>, maxRows = MAX_ROWS): Promise<void> {
  // What prepares the tables is asked once.
  await question();
  asked.length = 0;
  await question();
  assert.ok(asked.length > 0, name);
  for (const { sql, params } of asked) {
    const [row] = await database.query<{ "QUERY PLAN": readonly { readonly Plan: Node }[] }>(
      `explain (analyze, format json) ${sql}`,
      params,
    );
    const plan = row?.["QUERY PLAN"][0]?.Plan;
    assert.ok(plan, name);
    for (const node of nodesOf(plan)) {
      const each = [
        node["Actual Rows"],
        node["Rows Removed by Filter"],
        node["Rows Removed by Index Recheck"],
      ];
      const rows = each.reduce<number>((sum, n) => sum + (n ?? 0), 0) * node["Actual Loops"];
      const what = `${name}: ${node["Node Type"]} ${node["Relation Name"] ?? ""} of ${rows} rows in\n${sql}\n${JSON.stringify(plan, null, 1)}`;
      assert.ok(rows <= maxRows, what);
    }
  }
}

const { rare, person, alias, lead, email, early, late } = LARGE;

const LEAD_FILTERS: readonly Partial<LeadFilter>[] = [
  {},
  ...["delivered", "dead_lettered", "received", "delivering"].map((status) => ({ status })),
  ...["edu", rare].flatMap((value) => [{ partner: value }, { source: value }, { rule: value }]),
  { source: "demo" },
  { kind: "lead" },
  { kind: "assistance" },
  { person_id: person },
  { person_id: [person, LARGE.otherPerson] },
  { from: late },
  { to: early },
  { from: early, to: new Date(early.getTime() + 3_600_000) },
  { from: early, to: new Date(early.getTime() + 3_600_000), status: "delivered", partner: "edu" },
  { source: "demo", status: "dead_lettered" },
  { partner: "med", status: "delivered" },
  { partner: "fin", status: "delivering" },
  { source: rare, status: "delivering" },
  { partner: "edu", status: "rejected" },
  { partner: "edu", status: "rejected", from: early },
  { partner: rare, from: early, to: late },
  { source: rare, status: "delivered" },
  { q: email },
  { q: lead },
  { q: person },
  { q: alias },
  { q: "nobody@example.com" },
];

for (const filter of LEAD_FILTERS)
  test(`leads by ${JSON.stringify(filter)}, each page`, async () => {
    const leads = createLeadQueries({ database: watched(), vault, eventStore });
    await isCheap("the first page", () => leads.list({ ...filter, limit: 50 }));
    const first = await leads.list({ ...filter, limit: 20 });
    const cursor = first.next_cursor;
    if (cursor !== undefined)
      await isCheap("the next page", () => leads.list({ ...filter, limit: 50, cursor }));
  });

test("leads that are being delivered stand among the others", async () => {
  const leads = createLeadQueries({ database, vault, eventStore });
  for (const [column, value] of [
    ["partner", "fin"],
    ["source", "demo"],
    ["kind", "lead"],
    ["rule", "edu"],
  ] as const) {
    const wanted = await database.query<{ id: string }>(
      `select id from leads.lead_state where ${column} = $1 and received_at >= $2 order by received_at desc, position desc limit 1000`,
      [value, early],
    );
    const found: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await leads.list({ [column]: value, from: early, limit: 200, cursor });
      found.push(...page.items.map(({ id }) => id));
      cursor = page.next_cursor;
    } while (found.length < wanted.length && cursor !== undefined);
    assert.equal(
      found.slice(0, wanted.length),
      wanted.map(({ id }) => id),
    );
  }
});

test("which keys leads need that have not ended, without a look at those that have", async () => {
  const leads = createLeadQueries({ database: watched(), vault, eventStore });
  await isCheap("keys", () => leads.keysInUse(["k"]), 2 * MAX_ROWS);
  assert.equal(
    (await leads.keysInUse(["k"])).map(({ key, open }) => ({ key, open })),
    [{ key: "k", open: true }],
  );
});

test("a page far back in the list", async () => {
  const leads = createLeadQueries({ database: watched(), vault, eventStore });
  const { next_cursor: cursor } = await leads.list({ to: early, limit: 1 });
  assert.ok(cursor);
  await isCheap("all", () => leads.list({ limit: 50, cursor }));
  await isCheap("of a status", () => leads.list({ status: "delivered", limit: 50, cursor }));
});

test("one lead, its timeline and its place", async () => {
  const leads = createLeadQueries({ database: watched(), vault, eventStore });
  await isCheap("lead", () => leads.byId(lead));
  await isCheap("timeline", () => leads.timeline(lead));
  await isCheap("place", () => leads.placeOf(lead));
  await isCheap("origins", () => leads.originsOf([lead]));
});

test("persons by each value, and one of them", async () => {
  const identities = createIdentityQueries({ database: watched(), vault });
  await isCheap("all", () => identities.list({ limit: 50 }));
  const { next_cursor: cursor } = await identities.list({ limit: 50 });
  await isCheap("the next page", () => identities.list({ limit: 50, cursor }));
  for (const wanted of [
    { email },
    { phone: "+15550100" },
    { full_name: "Person 7" },
    { email, full_name: "Person 7" },
  ])
    await isCheap(JSON.stringify(wanted), () => identities.list({ ...wanted, limit: 50 }));
  await isCheap("one", () => identities.byId(person));
  await isCheap("the ids of one", () => identities.samePerson(person));
});

const deadLetterParts = () => {
  const database = watched();
  const { sealedPayloads } = createLeadQueries({ database, vault, eventStore });
  return { database, vault, eventStore, keptPayloads: sealedPayloads };
};

test("dead letters by stage and partner, each page", async () => {
  const letters = createDeadLetterQueries(deadLetterParts());
  for (const filter of [
    {},
    { stage: "deliver" },
    { stage: "intake" },
    { partner: PartnerId.parse(rare) },
    { stage: "deliver", partner: PartnerId.parse("edu") },
    { stage: "deliver", partner: PartnerId.parse(rare) },
    { stage: "route", partner: PartnerId.parse("edu") },
    { cause: "http_503" },
    { cause: "timeout" },
    { stage: "deliver", partner: PartnerId.parse("edu"), cause: "http_503" },
  ] as const) {
    await isCheap(JSON.stringify(filter), () => letters.list({ ...filter, limit: 50 }));
    const { next_cursor: cursor } = await letters.list({ ...filter, limit: 10 });
    if (cursor !== undefined)
      await isCheap("the next page", () => letters.list({ ...filter, limit: 50, cursor }));
  }
  await isCheap("one", () => letters.byId(lead));
});

test("how many dead letters there are of each cause, without a look at them", async () => {
  const letters = createDeadLetterQueries(deadLetterParts());
  for (const filter of [{}, { stage: "deliver" }, { partner: PartnerId.parse("edu") }] as const) {
    await isCheap(JSON.stringify(filter), () => letters.causes(filter), 50);
    const [most] = await letters.causes(filter);
    assert.is(most?.cause, "http_503");
    assert.ok((most?.count ?? 0) > 10_000);
  }
  assert.equal(await letters.causes({ stage: "route" }), []);
});

test("the audit log by each filter, each page", async () => {
  const audit = createAuditQueries({ database: watched(), eventStore });
  const filters = [
    {},
    { by: "admin" },
    { by: rare },
    { by: rare, type: "PartnerConfigured" },
    { about: "partner edu" },
    { about: rare, by: "admin" },
    { type: PASSED_ON },
    { to: new Date("2025-12-01") },
    { type: "PartnerConfigured" },
    { type: rare },
    { from: late },
    { to: early },
  ];
  for (const filter of [...filters, { from: early, to: new Date(early.getTime() + 3_600_000) }]) {
    await isCheap(JSON.stringify(filter), () => audit.list({ ...filter, limit: 50 }));
    const { next_cursor: cursor } = await audit.list({ ...filter, limit: 10 });
    if (cursor !== undefined)
      await isCheap("the next page", () => audit.list({ ...filter, limit: 50, cursor }));
  }
});

test("a page of the audit log reads what stands together in the log together", async () => {
  const reads: number[] = [];
  const readStream = async (_: string, { maxCount = 0 }: { readonly maxCount?: number } = {}) => {
    reads.push(maxCount);
    return [];
  };
  const { items } = await createAuditQueries({ database, eventStore: { readStream } }).list({ limit: 50 });
  assert.is(items.length, 50);
  assert.equal(reads, [16, 16, 16, 2]);
});

test("campaigns, their figures and their members by each filter, each page", async () => {
  const id = CampaignId.parse("large");
  const campaigns = createCampaignQueries({ database: watched(), vault, eventStore });
  await isCheap("all counts", () => campaigns.allCounts());
  const filters = [
    {},
    { status: "waiting" },
    { status: "failed" },
    { status: "cancelled" },
    { step: "step-1" },
    { step: "step-9" },
    { status: "failed", step: "step-9" },
    { status: "done", step: "step-1" },
  ] as const;
  for (const filter of filters) {
    await isCheap(JSON.stringify(filter), () => campaigns.members(id, { ...filter, limit: 50 }));
    const { next_cursor: cursor } = await campaigns.members(id, { ...filter, limit: 10 });
    if (cursor !== undefined)
      await isCheap("the next page", () => campaigns.members(id, { ...filter, limit: 50, cursor }));
  }
});

for (const bucket of ["minute", "hour", "day"] as const)
  test(`statistics by ${bucket} and everything`, async () => {
    const stats = createStatsQueries({ database: watched() });
    const spans = { minute: 3_600_000, hour: 86_400_000, day: 30 * 86_400_000 };
    const period = { from: early, to: new Date(early.getTime() + spans[bucket]), bucket, limit: 1_000 };
    for (const by of dimensions)
      for (const clock of ["received", "ended"] as const)
        await isCheap(`${bucket} ${by} ${clock}`, () => stats.list({ ...period, by, clock }));
  });

test("partners, timers and what is unfinished", async () => {
  await isCheap("partners", () => createPartnerQueries({ database: watched() }).all());
  const timers = createTimerQueries({ database: watched() });
  const seen = { due: early.getTime(), position: 1_000_000n };
  await isCheap("what is due", () => timers.due({ now: early.getTime() + 60_000, seen, limit: 50 }));
  await isCheap("the next one", () => timers.nextDue(early.getTime()));
  const unfinished = createUnfinishedQueries({ database: watched() });
  await isCheap("unfinished", () => unfinished.list({ olderThan: late, limit: 50, after: 1_000n }));
});

test.run();
