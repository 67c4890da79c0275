// How long the questions of the contract take in large tables.
import type { Vault } from "#platform/vault/vault.ts";
import { createLeadQueries, type LeadFilter } from "#projections/leads/query.ts";
import { createStatsQueries } from "#projections/metrics/query.ts";
import type { TestYard } from "../../leads/yard.ts";
import { fillReadModels, fingerprintOf, LARGE } from "../../projections/large-tables.ts";
import { ms, quantile } from "./process.ts";

const TIMES = 300;

async function measure(what: string, question: (n: number) => Promise<unknown>): Promise<void> {
  const took: number[] = [];
  for (let n = 0; n < TIMES; n += 1) {
    const began = performance.now();
    await question(n);
    took.push(performance.now() - began);
  }
  const [p50, p99] = [quantile(took, 0.5), quantile(took, 0.99)].map(ms);
  console.log(`${what.padEnd(32)} p50 ${p50} ms, p99 ${p99} ms (target 20 ms)`);
}

/** Of leads that the log has, whose parts can be opened. */
export async function measureTimelines(yard: TestYard): Promise<void> {
  const leads = createLeadQueries({
    database: yard.own.database(),
    vault: await yard.own.vault(),
    eventStore: yard.own.eventStore(),
  });
  const { items } = await leads.list({ limit: 200 });
  await measure("timeline", (n) => leads.timeline(items[n % items.length]?.id ?? ""));
  await measure("page of leads, opened", () => leads.list({ limit: 50 }));
}

/** Of rows that are made in the tables of this yard; nothing may write to them meanwhile. */
export async function measurePages(yard: TestYard, count: number): Promise<void> {
  const database = yard.own.database();
  await fillReadModels(database, count);
  console.log(`tables of ${count.toLocaleString("en")} leads`);
  const vault: Vault = {
    ...(await yard.own.vault()),
    fingerprint: (_, value) => fingerprintOf(value),
  };
  const leads = createLeadQueries({ database, vault, eventStore: yard.own.eventStore() });
  const { rare, email, early, late, person } = LARGE;
  const filters: Readonly<Record<string, Partial<LeadFilter>>> = {
    "all leads": {},
    "by status": { status: "dead_lettered" },
    "by partner": { partner: "edu" },
    "by rule and source": { rule: "edu", source: "demo" },
    "by a rare source": { source: rare },
    "by person": { person_id: person },
    "by period": { from: early, to: new Date(early.getTime() + 86_400_000) },
    "since then": { from: late },
    "by e-mail address": { q: email },
  };
  for (const [what, filter] of Object.entries(filters)) {
    await measure(what, () => leads.list({ ...filter, limit: 50 }));
    const { next_cursor: cursor } = await leads.list({ ...filter, limit: 50 });
    if (cursor !== undefined)
      await measure(`${what}, next page`, () => leads.list({ ...filter, limit: 50, cursor }));
  }
  const stats = createStatsQueries({ database });
  const day = { from: early, to: new Date(early.getTime() + 86_400_000), limit: 20_000 };
  const month = { ...day, to: new Date(early.getTime() + 30 * 86_400_000) };
  await measure("statistics of a day by minute", () =>
    stats.list({ ...day, bucket: "minute", by: "partner", clock: "received" }),
  );
  await measure("statistics of a month by hour", () =>
    stats.list({ ...month, bucket: "hour", by: "status", clock: "ended" }),
  );
}
