// How far each read model is. The row moves in the same transaction as the model's own rows, so each event counts once.

import { type Database, isMissingTable, type Queryable } from "#platform/database.ts";
import { newUuid } from "#platform/ids.ts";
import type { Comparison } from "./comparison.ts";
import type { Projection } from "./projection.ts";
import { SKIPPED_TABLE } from "./skipped.ts";

const STEPS = [
  "create schema if not exists projections",
  `create table if not exists projections.checkpoint (
    schema_name text primary key,
    generation uuid not null,
    version int not null,
    position bigint not null,
    rebuilt_at timestamptz,
    lag bigint not null default 0,
    reported_at timestamptz not null default now()
  )`,
  // Rebuilds had another name before: those that were under way begin anew.
  `do $$
   declare unfinished text;
   begin
     for unfinished in select schema_name from projections.checkpoint where schema_name like '%\\_beside' loop
       execute format('drop schema if exists %I cascade', unfinished);
       delete from projections.checkpoint where schema_name = unfinished;
     end loop;
   end $$`,
  "alter table projections.checkpoint add column if not exists skipped bigint not null default 0",
  "alter table projections.checkpoint add column if not exists compared json",
  "alter table projections.checkpoint add column if not exists events_per_second int not null default 0",
  // Not in the checkpoint, which a batch locks until it is written: whoever reported would hold a connection for as long. The columns
  // there are the previous release's.
  `create table if not exists projections.report (
    schema_name text primary key,
    lag bigint not null default 0,
    events_per_second int not null default 0,
    reported_at timestamptz not null
  )`,
  SKIPPED_TABLE,
  // Where the model and the log were when the lag was looked at.
  "alter table projections.report add column if not exists position bigint, add column if not exists head bigint",
];

export interface Checkpoint {
  /** Names one building of the model, so that a writer of an earlier one can't go on in a later one. */
  readonly generation: string;
  readonly version: number;
  readonly position: bigint;
}

export type Shape = Pick<Projection, "name" | "version" | "tables" | "indexes">;

const REBUILD = "_rebuild";

/** Where a projection is built anew while the one in use goes on. */
export const rebuildOf = (name: string): string => `${name}${REBUILD}`;

/** Undefined where the schema is no rebuild. */
export const rebuiltName = (schema: string): string | undefined =>
  schema.endsWith(REBUILD) ? schema.slice(0, -REBUILD.length) : undefined;

/** Again where somebody has dropped them: everything here can be built anew. */
export async function prepareCheckpoints(database: Database): Promise<void> {
  if (await isMissing(database, "projections"))
    await database.execute(
      `do $$ begin if to_regclass('migrations') is not null then
         delete from migrations where name = 'projections';
       end if; end $$`,
    );
  await database.migrate("projections", STEPS);
}

async function isMissing(database: Queryable, schema: string): Promise<boolean> {
  const [row] = await database.query<{ missing: boolean }>("select to_regnamespace($1) is null as missing", [
    schema,
  ]);
  return row?.missing ?? false;
}

export async function readCheckpoint(database: Queryable, schema: string): Promise<Checkpoint | undefined> {
  const [row] = await database.query<Checkpoint>(
    "select generation, version, position from projections.checkpoint where schema_name = $1",
    [schema],
  );
  return row;
}

/**
 * Creates the empty tables unless they are there; also for queries that come before the first event. Those of a rebuild get their indexes
 * only when they have their rows.
 */
export async function prepare(
  database: Database,
  projection: Shape,
  schema = projection.name,
): Promise<Checkpoint> {
  await prepareCheckpoints(database);
  return database.transaction(async (transaction) => {
    await transaction.query("select pg_advisory_xact_lock(hashtext($1))", [`projection ${schema}`]);
    const existing = await readCheckpoint(transaction, schema);
    if (existing !== undefined && (await isWhole(transaction, projection, schema, existing))) return existing;
    await transaction.execute("delete from projections.checkpoint where schema_name = $1", [schema]);
    await transaction.execute(`drop schema if exists ${schema} cascade`);
    await transaction.execute(`create schema ${schema}`);
    await transaction.execute(`set local search_path to ${schema}`);
    const { name, tables, indexes = [] } = projection;
    for (const statement of [...tables, ...(schema === name ? indexes : [])])
      await transaction.execute(statement);
    const created = { generation: newUuid(), version: projection.version, position: 0n };
    await transaction.execute(
      "insert into projections.checkpoint (schema_name, generation, version, position) values ($1, $2, $3, 0)",
      [schema, created.generation, created.version],
    );
    return created;
  });
}

/** Where somebody has dropped tables, the model is made again from the log. What has another version may have others. */
async function isWhole(
  transaction: Queryable,
  { tables, version }: Shape,
  schema: string,
  existing: Checkpoint,
): Promise<boolean> {
  const names = tables.flatMap((statement) => nameIn(statement, "table") || []);
  const found = await transaction.query(
    "select from pg_tables where schemaname = $1 and tablename = any($2)",
    [schema, names],
  );
  return existing.version === version
    ? found.length === names.length
    : !(await isMissing(transaction, schema));
}

/** Making an index of all rows takes its time, and so does waiting for another that is being made. */
const UNHURRIED = { maxMs: 30 * 60_000 };

/** Makes the indexes that are missing. */
export async function completeIndexes(
  database: Database,
  { tables, indexes = [] }: Shape,
  schema: string,
  signal: AbortSignal,
): Promise<void> {
  const found = await database.query<{ indexname: string }>(
    "select indexname from pg_indexes where schemaname = $1",
    [schema],
  );
  const names = new Set(found.map(({ indexname }) => indexname));
  const missing = indexes.filter((statement) => !names.has(nameIn(statement, "index")));
  if (missing.length === 0) return;
  for (const statement of missing) {
    if (signal.aborted) return;
    await database.transaction(async (transaction) => {
      await transaction.execute(`set local search_path to ${schema}`);
      await transaction.execute(
        statement.replace("create index", "create index if not exists"),
        [],
        UNHURRIED,
      );
    });
  }
  // Without it the first questions would be planned as if the tables were still empty.
  for (const table of tables.flatMap((statement) => nameIn(statement, "table") || []))
    await database.execute(`analyze ${schema}.${table}`, [], UNHURRIED);
}

/** Empty where it makes something else. */
const nameIn = (statement: string, what: "table" | "index"): string =>
  new RegExp(`^create ${what} (\\w+)`).exec(statement)?.[1] ?? "";

/** For queries: the tables are prepared once, when first asked for, and again only when that failed. */
export const preparedOnce = (database: Database, projection: Shape): (() => Promise<void>) =>
  onceDone(() => prepare(database, projection));

/** Does the work when first asked, and again only when it failed. */
export function onceDone(work: () => Promise<unknown>): () => Promise<void> {
  let done: Promise<unknown> | undefined;
  return async () => {
    done ??= work();
    try {
      await done;
    } catch (error) {
      done = undefined;
      throw error;
    }
  };
}

/** Moves checkpoints from where this writer left them; the names of those that no other writer has moved meanwhile. */
export async function advance(
  transaction: Queryable,
  schemas: readonly { readonly name: string; readonly checkpoint: Checkpoint }[],
  to: bigint,
): Promise<ReadonlySet<string>> {
  const moved = await transaction.query<{ schema_name: string }>(
    `update projections.checkpoint as stored set position = $1
      from unnest($2::text[], $3::uuid[], $4::bigint[]) as own (schema_name, generation, position)
      where stored.schema_name = own.schema_name and stored.generation = own.generation
        and stored.position = own.position
      returning stored.schema_name`,
    [
      to,
      schemas.map(({ name }) => name),
      schemas.map(({ checkpoint }) => checkpoint.generation),
      schemas.map(({ checkpoint }) => checkpoint.position),
    ],
    { prepared: true },
  );
  return new Set(moved.map(({ schema_name }) => schema_name));
}

/** Kept with the rebuilt model when it is swapped in. */
export async function keepComparison(
  database: Database,
  schema: string,
  comparison: Comparison,
): Promise<void> {
  await database.execute("update projections.checkpoint set compared = $2 where schema_name = $1", [
    schema,
    JSON.stringify(comparison),
  ]);
}

/** The rebuilt one takes the name; readers see the old one or the new one, never neither. */
export async function swapIn(database: Database, name: string): Promise<void> {
  const rebuilt = rebuildOf(name);
  await database.transaction(async (transaction) => {
    await transaction.execute(`drop schema if exists ${name} cascade`);
    await transaction.execute(`alter schema ${rebuilt} rename to ${name}`);
    await transaction.execute("delete from projections.checkpoint where schema_name = $1", [name]);
    await transaction.execute(
      "update projections.checkpoint set schema_name = $1, rebuilt_at = now() where schema_name = $2",
      [name, rebuilt],
    );
    await transaction.execute("delete from projections.report where schema_name = $1", [rebuilt]);
  });
}

export async function discard(database: Database, schema: string): Promise<void> {
  await database.transaction(async (transaction) => {
    await transaction.execute(`drop schema if exists ${schema} cascade`);
    await transaction.execute("delete from projections.checkpoint where schema_name = $1", [schema]);
  });
}

export interface Reading {
  readonly lag: number;
  /** Where the log ended then. */
  readonly head: bigint;
}

/** Resolves with how far the stored rows reach; undefined where the model, or its checkpoint, is not there any more. */
export async function reportLag(
  database: Queryable,
  schema: string,
  { lag, head }: Reading,
): Promise<bigint | undefined> {
  try {
    const [row] = await database.query<{ position: bigint; present: boolean }>(
      `with report as (
         insert into projections.report (schema_name, lag, head, position, reported_at)
           values ($1, $2, $3, (select position from projections.checkpoint where schema_name = $1), now())
           on conflict (schema_name) do update set lag = excluded.lag, head = excluded.head,
             position = excluded.position, reported_at = excluded.reported_at
       )
       select position, to_regnamespace(schema_name) is not null as present from projections.checkpoint where schema_name = $1`,
      [schema, lag, head],
    );
    return row?.present ? row.position : undefined;
  } catch (error) {
    if (isMissingTable(error)) return undefined;
    throw error;
  }
}

export async function reportRate(
  database: Queryable,
  schema: string,
  eventsPerSecond: number,
): Promise<void> {
  await database.execute(
    `insert into projections.report (schema_name, events_per_second, reported_at) values ($1, $2, now())
       on conflict (schema_name) do update set events_per_second = excluded.events_per_second, reported_at = excluded.reported_at`,
    [schema, Math.round(eventsPerSecond)],
  );
}
