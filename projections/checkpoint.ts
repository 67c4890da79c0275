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
];

export interface Checkpoint {
  /** Names one building of the model, so that a writer of an earlier one can't go on in a later one. */
  readonly generation: string;
  readonly version: number;
  readonly position: bigint;
}

type Shape = Pick<Projection, "name" | "version" | "tables">;

/** Where a projection is built beside the one that is in use. */
export const besideOf = (name: string): string => `${name}_beside`;

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
export function preparation(database: Database, projection: Shape): () => Promise<void> {
  let prepared: Promise<unknown> | undefined;
  return async () => {
    prepared ??= prepare(database, projection);
    try {
      await prepared;
    } catch (error) {
      prepared = undefined;
      throw error;
    }
  };
}

/** Moves the checkpoint from where this writer left it; false when another writer has been there. */
export async function advance(
  transaction: Queryable,
  schema: string,
  from: Checkpoint,
  to: bigint,
): Promise<boolean> {
  const moved = await transaction.execute(
    `update projections.checkpoint set position = $1
      where schema_name = $2 and generation = $3 and position = $4`,
    [to, schema, from.generation, from.position],
  );
  return moved === 1;
}

/** The one that was built beside takes the name; readers see the old one or the new one, never neither. */
export async function swapIn(database: Database, name: string): Promise<void> {
  const beside = besideOf(name);
  await database.transaction(async (transaction) => {
    await transaction.execute(`drop schema if exists ${name} cascade`);
    await transaction.execute(`alter schema ${beside} rename to ${name}`);
    await transaction.execute("delete from projections.checkpoint where schema_name = $1", [name]);
    await transaction.execute(
      "update projections.checkpoint set schema_name = $1, rebuilt_at = now() where schema_name = $2",
      [name, beside],
    );
  });
}

export async function discard(database: Database, schema: string): Promise<void> {
  await database.transaction(async (transaction) => {
    await transaction.execute(`drop schema if exists ${schema} cascade`);
    await transaction.execute("delete from projections.checkpoint where schema_name = $1", [schema]);
  });
}

export async function reportLag(database: Queryable, schema: string, lag: number): Promise<void> {
  await database.execute(
    "update projections.checkpoint set lag = $2, reported_at = now() where schema_name = $1",
    [schema, lag],
  );
}
