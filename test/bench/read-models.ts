// What it costs to keep the read models up to date: PostgreSQL's and the process's CPU for 1,000 leads, live at two rates and from
// the start of a log.
import { readdirSync, readFileSync } from "node:fs";
import { prepareCheckpoints } from "#projections/checkpoint.ts";
import { type NodeProcess, startNode } from "../harness/process.ts";
import { startTestYard, type TestYard } from "../leads/yard.ts";
import { append, EVENTS_OF_A_LEAD, lives, STAGES } from "../projections/past-leads.ts";

const PROJECTIONS = new URL("../../services/projections/main.ts", import.meta.url).pathname;
const TICK_MS = 25;
const TICKS_PER_SECOND = 1_000 / TICK_MS;

export async function run(): Promise<void> {
  const live = [
    { perSecond: 20, seconds: 20 },
    { perSecond: 400, seconds: 10 },
  ];
  for (const load of live) {
    const yard = await startTestYard({}, { durable: true });
    try {
      await measureLive(yard, load);
    } finally {
      await yard.stop();
    }
  }
  const yard = await startTestYard({}, { durable: true });
  try {
    await measureCatchUp(yard, 5_000);
  } finally {
    await yard.stop();
  }
}

async function measureLive(
  yard: TestYard,
  { perSecond, seconds }: { perSecond: number; seconds: number },
): Promise<void> {
  const perTick = Math.max(1, Math.round(perSecond / TICKS_PER_SECOND));
  const everyTicks = Math.max(1, Math.round((perTick * TICKS_PER_SECOND) / perSecond));
  const all = await lives(yard, perSecond * seconds);
  const cohorts = Array.from({ length: Math.ceil(all.length / perTick) }, (_, n) =>
    all.slice(n * perTick, (n + 1) * perTick),
  );
  const projections = await started(yard);
  const before = await costs(yard, projections);
  const waited: number[] = [];
  const working = new Set<Promise<void>>();
  const began = performance.now();
  for (let tick = 0; tick < cohorts.length * everyTicks; tick += 1) {
    if (tick % everyTicks === 0) {
      const cohort = cohorts[tick / everyTicks] ?? [];
      const work = (async () => {
        for (let stage = 0; stage < STAGES; stage += 1) {
          const due = performance.now() + TICK_MS;
          await append(yard, cohort, stage);
          await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
        }
      })().finally(() => working.delete(work));
      working.add(work);
    }
    await new Promise((resolve) =>
      setTimeout(resolve, Math.max(0, began + tick * TICK_MS - performance.now())),
    );
  }
  await Promise.all(working);
  const appended = performance.now();
  await caughtUp(yard);
  waited.push(performance.now() - appended);
  tell(
    `live, ${perSecond} leads/s`,
    all.length,
    before,
    await costs(yard, projections),
    (performance.now() - began) / 1_000,
  );
  console.log(`  behind at the end: ${(waited[0] ?? 0).toFixed(0)} ms`);
  await projections.stop();
}

async function measureCatchUp(yard: TestYard, count: number): Promise<void> {
  const all = await lives(yard, count);
  for (let from = 0; from < all.length; from += 50)
    for (let stage = 0; stage < STAGES; stage += 1) await append(yard, all.slice(from, from + 50), stage);
  const began = performance.now();
  const projections = await started(yard);
  const before = { postgres: await postgresCpu(yard), node: 0, transactions: await transactions(yard) };
  await caughtUp(yard);
  tell(
    "from the start of the log",
    count,
    before,
    await costs(yard, projections),
    (performance.now() - began) / 1_000,
  );
  await projections.stop();
}

function started({ config }: TestYard): Promise<NodeProcess> {
  return startNode(PROJECTIONS, {
    DATA_DIR: config.dataDir,
    NATS_URL: config.natsUrl,
    EVENTSTORE_URL: config.eventstoreUrl,
    DATABASE_URL: config.databaseUrl,
    MASTER_KEY: config.masterKey.toString("base64"),
    ADMIN_TOKEN: "a-token-for-this-bench",
    PORT: "0",
    LOG_LEVEL: "warn",
  });
}

const POLL_MS = 200;
/** The bench's own transactions, which are nobody's cost. */
let polls = 0;

async function caughtUp({ own }: TestYard): Promise<void> {
  const head = await own.eventStore().head();
  await prepareCheckpoints(own.database());
  for (;;) {
    polls += 1;
    // Two of them stop at the last event that they read, before the group has taken them in.
    const [row] = await own.database().query<{ done: boolean }>(
      `select count(*) = 4 and bool_and(position >= $1::bigint - 3000)
          and bool_or(schema_name = 'leads' and position >= $1::bigint) as done
         from projections.checkpoint where schema_name in ('leads', 'unfinished', 'partners', 'identities')`,
      [head],
    );
    if (row?.done) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

interface Costs {
  /** Milliseconds of CPU. */
  readonly postgres: number;
  readonly node: number;
  readonly transactions: number;
}

const costs = async (yard: TestYard, { pid }: NodeProcess): Promise<Costs> => ({
  postgres: await postgresCpu(yard),
  node: cpuOf(pid).self,
  transactions: await transactions(yard),
});

function tell(what: string, leads: number, before: Costs, after: Costs, seconds: number): void {
  const per1000 = (name: keyof Costs): string =>
    (((after[name] - before[name]) / leads) * 1_000).toFixed(0).padStart(7);
  console.log(
    `${what.padEnd(28)} ${(leads / seconds).toFixed(0).padStart(6)} leads/s ${((leads * EVENTS_OF_A_LEAD) / seconds).toFixed(0).padStart(6)} events/s; ` +
      `for 1,000 leads: PostgreSQL ${per1000("postgres")} ms CPU, projections ${per1000("node")} ms CPU, ${per1000("transactions")} transactions`,
  );
}

async function transactions({ own }: TestYard): Promise<number> {
  await own.database().query("select pg_stat_force_next_flush()");
  const [row] = await own
    .database()
    .query<{ n: bigint }>("select sum(xact_commit + xact_rollback)::bigint as n from pg_stat_database");
  return Number(row?.n ?? 0) - polls;
}

const CLOCK_TICK_MS = 10;

interface Cpu {
  /** Milliseconds of its own, and of its children that have ended. */
  readonly self: number;
  readonly ended: number;
  readonly parent: number;
}

function cpuOf(pid: number): Cpu {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = text
    .slice(text.lastIndexOf(")") + 2)
    .split(" ")
    .map(Number);
  const at = (from: number): number => ((fields[from] ?? 0) + (fields[from + 1] ?? 0)) * CLOCK_TICK_MS;
  return { self: at(11), ended: at(13), parent: fields[1] ?? 0 };
}

async function postgresCpu({ parts }: TestYard): Promise<number> {
  let sum = 0;
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const { self, ended, parent } = cpuOf(Number(entry));
      if (Number(entry) === parts.postgres.pid) sum += self + ended;
      else if (parent === parts.postgres.pid) sum += self;
    } catch {}
  }
  return sum;
}
