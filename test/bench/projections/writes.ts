// What it costs to count leads in the read model `metrics`: rows, bytes of write-ahead log and CPU of PostgreSQL for an event, when leads come
// one by one and when many come at once.
import { connectDatabase, type Database } from "#platform/database.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import { createLog } from "#platform/log.ts";
import { prepare } from "#projections/checkpoint.ts";
import { metricsProjection } from "#projections/metrics/projection.ts";
import { type PostgresServer, startPostgres } from "../../harness/postgres.ts";
import { type Happening, Lives } from "../../metrics/lives.ts";
import { familyCpu } from "../eventstore/measure.ts";
import { fixed, table, whole } from "../pipeline/report.ts";

/** Leads a second, from a few in an idle system to a burst. */
const RATES = [2, 20, 400];
/** As long as a transaction gathers. */
const GATHER_MS = 100;

export async function measureWrites(leads: number): Promise<void> {
  const rows = [
    ["leads a second", "events", "batches", "rows", "WAL bytes", "PostgreSQL µs", "own µs", "kB a lead"],
  ];
  for (const rate of RATES) rows.push(await measured(leads, rate));
  console.log(`rows, bytes and CPU for an event, of ${whole(leads)} leads`);
  console.log(table(rows));
}

async function measured(leads: number, rate: number): Promise<string[]> {
  const postgres = await startPostgres({ durable: true });
  const log = createLog({ level: "silent", name: "bench", instance: "bench" });
  const database = connectDatabase({ url: postgres.url, log, max: 2 });
  try {
    return await measuredIn(database, postgres, batchesOf(leads, rate), `${rate}`);
  } finally {
    await database.close();
    await postgres.stop();
  }
}

async function measuredIn(
  database: Database,
  { pid }: PostgresServer,
  batches: readonly (readonly StoredEvent[])[],
  name: string,
): Promise<string[]> {
  const projection = metricsProjection();
  await prepare(database, projection);
  const schema = projection.name;
  const events = batches.reduce((sum, { length }) => sum + length, 0);
  const leads = batches.flat().filter(({ type }) => type === "SubmissionReceived").length;
  const [before, cpu, own] = [await written(database), familyCpu(pid), process.cpuUsage()];
  for (const batch of batches)
    await database.transaction(
      (transaction) => {
        const prepared = { prepared: true };
        return projection.apply(
          {
            schema,
            onSkipped: () => undefined,
            query: (sql, params) => transaction.query(sql, params, prepared),
            execute: (sql, params) => transaction.execute(sql, params, prepared),
          },
          batch,
        );
      },
      { durable: false },
    );
  const { user, system } = process.cpuUsage(own);
  const [after, spent] = [await written(database), familyCpu(pid) - cpu];
  return [
    name,
    whole(events),
    whole(batches.length),
    fixed((after.rows - before.rows) / events),
    whole((after.wal - before.wal) / events),
    fixed((spent * 1e6) / events, 0),
    fixed((user + system) / events, 0),
    fixed(after.size / 1_024 / leads, 2),
  ];
}

async function written(database: Database): Promise<Record<"rows" | "wal" | "size", number>> {
  await database.query("select pg_stat_force_next_flush()");
  const [row] = await database.query<Record<"rows" | "wal" | "size", number>>(
    `select sum(n_tup_ins + n_tup_upd + n_tup_del)::float8 as rows, (pg_current_wal_lsn() - '0/0'::pg_lsn)::float8 as wal,
        sum(pg_total_relation_size(relid))::float8 as size from pg_stat_user_tables where schemaname = 'metrics'`,
  );
  return row ?? { rows: Number.NaN, wal: Number.NaN, size: Number.NaN };
}

/** The same each time: a generator of numbers below 1. */
function numbers(): () => number {
  let state = 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

const PARTNERS = ["edu", "fin", "med"];
const STAGES: readonly Happening[] = ["PersonIdentified", "SubmissionRouted", "DeliveryStarted"];

/** Each lead goes through its stages while others do, in times that vary; one of eight is rejected. */
function batchesOf(leads: number, rate: number): StoredEvent[][] {
  const next = numbers();
  const all = new Lives("2026-03-01T10:00:00.000Z");
  const began = all.now;
  const due: { readonly at: number; readonly tell: () => void }[] = [];
  for (let n = 0; n < leads; n += 1) {
    const partner = PARTNERS[n % PARTNERS.length] as string;
    const source = n % 5 === 0 ? "app" : "web";
    let at = began + (n * 1_000) / rate;
    let life: ReturnType<Lives["receive"]>;
    due.push({ at, tell: () => (life = all.receive({ source })) });
    const ends: readonly Happening[] =
      next() < 0.125 ? ["DeliveryRejected", "SubmissionRejected"] : ["DeliverySucceeded"];
    const price = 5 + Math.round(next() * 20);
    for (const happening of [...STAGES, ...ends]) {
      at += 5 * 10 ** (next() * 2);
      due.push({ at, tell: () => all.tell(life, [happening, { partner, rule: partner, price }]) });
    }
  }
  due.sort((a, b) => a.at - b.at);
  const batches: StoredEvent[][] = [];
  let [from, until] = [0, began + GATHER_MS];
  for (const { at, tell } of due) {
    if (at >= until) {
      if (all.events.length > from) batches.push(all.events.slice(from));
      from = all.events.length;
      while (at >= until) until += GATHER_MS;
    }
    all.now = Math.floor(at);
    tell();
  }
  batches.push(all.events.slice(from));
  return batches;
}
