// Every row of every read model, and what a replay of a log up to a position makes them: two that must be equal.
import { connectDatabase, type Database } from "#platform/database.ts";
import { connectEventStore, type EventStore } from "#platform/event-store/event-store.ts";
import type { Log } from "#platform/log.ts";
import { openVault, type Vault } from "#platform/vault/vault.ts";
import { allProjections } from "#projections/all.ts";
import { prepare } from "#projections/checkpoint.ts";
import { type WrittenSchema, writeBatch } from "../../services/projections/write.ts";

/** By model and table, each row as text. */
export type Rows = Readonly<Record<string, readonly string[]>>;

export interface Replayed {
  readonly eventStoreUrl: string;
  /** Where the vault's keys are. */
  readonly databaseUrl: string;
  readonly masterKey: Buffer;
  /** An empty database. */
  readonly into: string;
  readonly head: bigint;
  readonly log: Log;
}

/** The read models that the log makes up to this position. */
export async function replayed({
  eventStoreUrl,
  databaseUrl,
  masterKey,
  into,
  head,
  log,
}: Replayed): Promise<Rows> {
  const [keys, database] = [connectDatabase({ url: databaseUrl, log }), connectDatabase({ url: into, log })];
  const eventStore = connectEventStore({ url: eventStoreUrl, log });
  const vault = await openVault({ database: keys, masterKey, log });
  const schemas: WrittenSchema[] = [];
  for (const projection of allProjections({ vault, eventStore }))
    schemas.push({
      name: projection.name,
      projection,
      checkpoint: await prepare(database, projection),
      onSkipped: () => undefined,
    });
  const done = new AbortController();
  const following = eventStore.follow({
    name: "replay",
    prefixes: [],
    from: "start",
    signal: done.signal,
    async onEvents(events, position) {
      const within = events.filter((one) => one.position <= head);
      await writeBatch(database, schemas, { events: within, position: position < head ? position : head });
      if (position >= head) done.abort();
    },
  });
  await following.done;
  const rows = await rowsOf(database);
  await Promise.all([eventStore.close(), database.close(), keys.close()]);
  return rows;
}

/** What a running yard's read models hold, once all of them have reached the position. */
export async function rowsAt(databaseUrl: string, head: bigint, log: Log): Promise<Rows | undefined> {
  const database = connectDatabase({ url: databaseUrl, log });
  try {
    const behind = await database.query(
      "select 1 from projections.checkpoint where position < $1 or schema_name like '%\\_rebuild'",
      [`${head}`],
    );
    const models = await database.query("select 1 from projections.checkpoint");
    return behind.length === 0 && models.length >= MODELS.length ? await rowsOf(database) : undefined;
  } finally {
    await database.close();
  }
}

/** Making them asks nothing of either. */
const MODELS = allProjections({ vault: {} as Vault, eventStore: {} as EventStore }).map(({ name }) => name);

async function rowsOf(database: Database): Promise<Rows> {
  const tables = await database.query<{ name: string }>(
    `select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind = 'r' and n.nspname = any($1) order by 1`,
    [MODELS],
  );
  const found: [string, string[]][] = [];
  for (const { name } of tables) {
    const rows = await database.query<{ row: string }>(`select t::text as row from ${name} t order by 1`);
    found.push([name, rows.map(({ row }) => row)]);
  }
  return Object.fromEntries(found);
}

/** The first row of each table in which they differ; empty where they are equal. */
export function differences(found: Rows, wanted: Rows): readonly string[] {
  const tables = [...new Set([...Object.keys(found), ...Object.keys(wanted)])];
  return tables.flatMap((table) => {
    const [some, others] = [found[table] ?? [], wanted[table] ?? []];
    const longer = some.length > others.length ? some : others;
    const at = longer.findIndex((_, n) => some[n] !== others[n]);
    return at < 0 ? [] : [`${table}: ${some[at]} instead of ${others[at]}`];
  });
}
