// What a read model could not read or write: every event is counted, the newest of each model are listed.
import type { Queryable } from "#platform/database.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import { columnOf } from "./column.ts";
import { pageOf, positionOf } from "./cursor.ts";
import type { SkipReason } from "./decoding.ts";

/** How many of a model are listed; of older ones only the count is kept. */
export const MAX_LISTED = 1_000;

/** Rows go, and move to another name, with the checkpoint of their schema. */
export const SKIPPED_TABLE = `create table if not exists projections.skipped (
  schema_name text not null references projections.checkpoint on update cascade on delete cascade,
  position bigint not null,
  stream text not null,
  revision bigint not null,
  type text not null,
  reason text not null,
  stored_at timestamptz not null,
  primary key (schema_name, position)
)`;

export type Skipped = readonly [raw: StoredEvent, reason: SkipReason];

/** In the transaction that moves the checkpoint past them. */
export async function keepSkipped(
  transaction: Queryable,
  schema: string,
  skipped: readonly Skipped[],
): Promise<void> {
  const listed = skipped.slice(-MAX_LISTED);
  const text = (of: (one: Skipped) => string): string => columnOf(listed.map(of), "text");
  const whole = (of: (one: Skipped) => bigint): string => columnOf(listed.map(of), "bigint");
  await Promise.all([
    transaction.execute("update projections.checkpoint set skipped = skipped + $2 where schema_name = $1", [
      schema,
      skipped.length,
    ]),
    transaction.execute(
      `insert into projections.skipped (schema_name, position, stream, revision, type, reason, stored_at)
        select $1, * from unnest($2::bigint[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::timestamptz[])
        on conflict do nothing`,
      [
        schema,
        whole(([{ position }]) => position),
        text(([{ stream }]) => stream),
        whole(([{ revision }]) => revision),
        text(([{ type }]) => type),
        text(([, reason]) => reason),
        columnOf(
          listed.map(([{ created }]) => created),
          "timestamptz",
        ),
      ],
    ),
    transaction.execute(
      `delete from projections.skipped where schema_name = $1 and position <= (
         select position from projections.skipped where schema_name = $1 order by position desc offset ${MAX_LISTED} limit 1)`,
      [schema],
    ),
  ]);
}

export interface SkippedEvent {
  readonly position: string;
  /** When the event store took it in: what it says of its own time may be what can't be read. */
  readonly at: string;
  readonly stream: string;
  readonly revision: string;
  readonly type: string;
  readonly reason: SkipReason;
}

export interface SkippedPage {
  /** Newest first. */
  readonly items: SkippedEvent[];
  readonly next_cursor?: string;
  /** How many older ones are counted and no longer listed. */
  readonly not_listed: number;
}

interface Row {
  readonly position: bigint;
  readonly stream: string;
  readonly revision: bigint;
  readonly type: string;
  readonly reason: SkipReason;
  readonly stored_at: Date;
}

/** Undefined where there is no such model. Throws InvalidCursor. */
export async function readSkipped(
  database: Queryable,
  schema: string,
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
): Promise<SkippedPage | undefined> {
  const before = cursor === undefined ? null : positionOf(cursor);
  const [counted] = await database.query<{ not_listed: bigint }>(
    `select skipped - (select count(*) from projections.skipped where schema_name = $1) as not_listed
       from projections.checkpoint where schema_name = $1`,
    [schema],
  );
  if (counted === undefined) return undefined;
  const found = await database.query<Row>(
    `select position, stream, revision, type, reason, stored_at from projections.skipped
      where schema_name = $1 and ($2::bigint is null or position < $2) order by position desc limit $3`,
    [schema, before, limit + 1],
  );
  const { rows, next } = pageOf(found, limit);
  return { items: rows.map(shown), ...next, not_listed: Number(counted.not_listed) };
}

const shown = ({ position, stream, revision, type, reason, stored_at }: Row): SkippedEvent => ({
  position: `${position}`,
  at: stored_at.toISOString(),
  stream,
  revision: `${revision}`,
  type,
  reason,
});
