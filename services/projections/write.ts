// A batch of events written into the schemas of one or several projections, in one transaction with their checkpoints.
import { type Database, isRefusedValue, type Queryable, type StatementOptions } from "#platform/database.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import { advance, type Checkpoint } from "#projections/checkpoint.ts";
import type { OnSkipped } from "#projections/decoding.ts";
import type { Projection, Target } from "#projections/projection.ts";
import { keepSkipped, type Skipped } from "#projections/skipped.ts";

/** What one transaction takes, how long the first event of it may wait for others under load, and how long it should take at most. */
export const BATCHES = { maxCount: 4_000, gatherMs: 100, maxGatherMs: 250, aimMs: 1_000 };
/** Of a rebuild: the more events of a lead come in one batch, the less often its row is written. */
export const REBUILD_BATCHES = { maxCount: 16_000, gatherMs: 100, maxBytes: 32 * 1024 * 1024 };

/** A schema that this process writes, and how far it is; only one build at a time has it. */
export interface WrittenSchema {
  readonly name: string;
  readonly projection: Projection;
  checkpoint: Checkpoint;
  /** Told once of each event that is passed over, when that is stored. */
  readonly onSkipped: OnSkipped;
}

export interface Batch {
  readonly events: readonly StoredEvent[];
  /** How far the log is done with once the events are written. */
  readonly position: bigint;
  /** Can't be written, and is counted instead. */
  readonly failed?: StoredEvent;
}

/** Writes what each schema has not got yet. Resolves with those that another writer has moved on: nothing is written there. */
export async function writeBatch(
  database: Database,
  schemas: readonly WrittenSchema[],
  batch: Batch,
  maxMs?: number,
): Promise<readonly WrittenSchema[]> {
  const { position } = batch;
  const due = schemas.filter(({ checkpoint }) => checkpoint.position < position);
  if (due.length === 0) return [];
  const skipped = new Map<WrittenSchema, readonly Skipped[]>();
  const moved = await database.transaction(
    async (transaction) => {
      // The fence comes first: its row locks also hold up any other writer until this one has committed.
      const moved = await advance(transaction, due, position);
      const own = ownEvents(
        due.filter(({ name }) => moved.has(name)),
        batch.events,
      );
      await allSettled(
        Array.from(own, async ([schema, events]) => {
          skipped.set(schema, await apply(transaction, schema, { ...batch, events }));
        }),
      );
      return moved;
    },
    // A commit that is lost in a crash is lost with its checkpoint, and its events are written again.
    { durable: false, byIndex: true, ...(maxMs !== undefined && { maxMs }) },
  );
  for (const schema of due)
    if (moved.has(schema.name)) schema.checkpoint = { ...schema.checkpoint, position };
  for (const [{ onSkipped }, those] of skipped) for (const one of those) onSkipped(...one);
  return due.filter(({ name }) => !moved.has(name));
}

/** What each schema has not got yet, each stream being looked at once. */
function ownEvents(
  schemas: readonly WrittenSchema[],
  events: readonly StoredEvent[],
): ReadonlyMap<WrittenSchema, readonly StoredEvent[]> {
  const shares = schemas.map((schema) => ({ schema, own: [] as StoredEvent[] }));
  const byStream = new Map<string, typeof shares>();
  for (const event of events) {
    const { stream, position } = event;
    let takers = byStream.get(stream);
    if (takers === undefined) {
      takers = shares.filter(({ schema }) => reads(schema, stream));
      byStream.set(stream, takers);
    }
    for (const { schema, own } of takers) if (position > schema.checkpoint.position) own.push(event);
  }
  return new Map(shares.map(({ schema, own }) => [schema, own]));
}

const reads = ({ projection }: WrittenSchema, stream: string): boolean =>
  projection.prefixes.some((prefix) => stream.startsWith(prefix));

/** Resolves with what was passed over, which is counted and listed in the same transaction. */
async function apply(
  transaction: Queryable,
  { name, projection }: WrittenSchema,
  { events, failed }: Batch,
): Promise<readonly Skipped[]> {
  const skipped: Skipped[] = failed === undefined ? [] : [[failed, "failed"]];
  const target = targetIn(transaction, name, (...one) => skipped.push(one));
  if (events.length > 0) await projection.apply(target, events);
  if (skipped.length > 0) await keepSkipped(transaction, name, skipped);
  return skipped;
}

const PREPARED: StatementOptions = { prepared: true };

function targetIn(transaction: Queryable, schema: string, onSkipped: OnSkipped): Target {
  return {
    schema,
    onSkipped,
    query: (sql, params) => transaction.query(sql, params, PREPARED),
    execute: (sql, params) => transaction.execute(sql, params, PREPARED),
  };
}

/** Throws the first failure only when nothing is under way any more that could still use the transaction. */
async function allSettled(work: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find((one) => one.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

/** The batch would fail the same way again; other failures are the database's, and pass. */
export const isFaultOfEvents = (error: unknown): boolean =>
  isRefusedValue(error) || error instanceof TypeError || error instanceof RangeError;
