// How far each read model is. The row moves in the same transaction as the model's own rows, so each event counts once.

import type { Database, Queryable } from "#platform/database.ts";
import { newUuid } from "#platform/ids.ts";
import type { Projection } from "./projection.ts";

const STEPS = [
  "create schema projections",
  `create table projections.checkpoint (
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
  "alter table projections.checkpoint add column skipped bigint not null default 0",
];

export interface Checkpoint {
  /** Names one building of the model, so that a writer of an earlier one can't go on in a later one. */
  readonly generation: string;
  readonly version: number;
  readonly position: bigint;
}

type Shape = Pick<Projection, "name" | "version" | "tables">;

const REBUILD = "_rebuild";

/** Where a projection is built anew while the one in use goes on. */
export const rebuildOf = (name: string): string => `${name}${REBUILD}`;

/** Undefined where the schema is no rebuild. */
export const rebuiltName = (schema: string): string | undefined =>
  schema.endsWith(REBUILD) ? schema.slice(0, -REBUILD.length) : undefined;

export const prepareCheckpoints = (database: Database): Promise<void> =>
  database.migrate("projections", STEPS);

export async function readCheckpoint(database: Queryable, schema: string): Promise<Checkpoint | undefined> {
  const [row] = await database.query<Checkpoint>(
    "select generation, version, position from projections.checkpoint where schema_name = $1",
    [schema],
  );
  return row;
}

/** Creates the empty tables unless somebody has; also for queries that come before the first event. */
export async function prepare(
  database: Database,
  projection: Shape,
  schema = projection.name,
): Promise<Checkpoint> {
  await prepareCheckpoints(database);
  return database.transaction(async (transaction) => {
    await transaction.query("select pg_advisory_xact_lock(hashtext($1))", [`projection ${schema}`]);
    const existing = await readCheckpoint(transaction, schema);
    if (existing !== undefined) return existing;
    await transaction.execute(`drop schema if exists ${schema} cascade`);
    await transaction.execute(`create schema ${schema}`);
    await transaction.execute(`set local search_path to ${schema}`);
    for (const statement of projection.tables) await transaction.execute(statement);
    const created = { generation: newUuid(), version: projection.version, position: 0n };
    await transaction.execute(
      "insert into projections.checkpoint (schema_name, generation, version, position) values ($1, $2, $3, 0)",
      [schema, created.generation, created.version],
    );
    return created;
  });
}

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

/** So many more events were passed over. */
export async function countSkipped(transaction: Queryable, schema: string, many: number): Promise<void> {
  await transaction.execute(
    "update projections.checkpoint set skipped = skipped + $2 where schema_name = $1",
    [schema, many],
  );
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
  });
}

export async function discard(database: Database, schema: string): Promise<void> {
  await database.transaction(async (transaction) => {
    await transaction.execute(`drop schema if exists ${schema} cascade`);
    await transaction.execute("delete from projections.checkpoint where schema_name = $1", [schema]);
  });
}

/** Resolves with how far the stored rows reach; undefined where the schema is gone. */
export async function reportLag(
  database: Queryable,
  schema: string,
  lag: number,
): Promise<bigint | undefined> {
  const [row] = await database.query<{ position: bigint }>(
    "update projections.checkpoint set lag = $2, reported_at = now() where schema_name = $1 returning position",
    [schema, lag],
  );
  return row?.position;
}
