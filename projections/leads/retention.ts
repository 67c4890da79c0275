// Takes the payload and the search rows of leads that ended long ago out of the read model. The lead itself stays, and so does every count.
import type { Database } from "#platform/database.ts";

const DAY_MS = 86_400_000;
/** So many leads in a transaction: the projection waits for one. */
const BATCH = 500;
/** Others may still need their payload: to be corrected, or to be sent again. */
const ENDED = "status in ('delivered', 'duplicate', 'rejected', 'unrouted')";
const HAS_PAYLOAD = `not expired and ${ENDED}`;
/** Making an index of all leads takes its time. */
const UNHURRIED = { maxMs: 10 * 60_000 };

/** Whole days, so that two who ask on the same day mean the same leads. */
export const retainedFrom = (days: number, now: Date): Date =>
  new Date((Math.floor(now.getTime() / DAY_MS) - days) * DAY_MS);

/** How many leads received before that had one. `schema` is the model in use, or a rebuild of it. */
export async function dropPayloads(
  database: Database,
  schema: string,
  before: Date,
  signal: AbortSignal,
): Promise<number> {
  // Only who drops payloads pays for it.
  await database.execute(
    `create index if not exists lead_with_payload on ${schema}.lead_state (received_at) where ${HAS_PAYLOAD}`,
    [],
    UNHURRIED,
  );
  let dropped = 0;
  for (let many = BATCH; many === BATCH && !signal.aborted; dropped += many)
    many = await dropBatch(database, schema, before);
  return dropped;
}

/** The lock on the checkpoint keeps the projection from writing back what it read before. */
const dropBatch = (database: Database, schema: string, before: Date): Promise<number> =>
  database.transaction(async (transaction) => {
    await transaction.query("select from projections.checkpoint where schema_name = $1 for update", [schema]);
    const old = await transaction.query<{ id: string; position: bigint }>(
      `update ${schema}.lead_state set expired = true where id in (
         select id from ${schema}.lead_state where received_at < $1 and ${HAS_PAYLOAD} order by received_at limit ${BATCH})
         returning id, position`,
      [before],
    );
    if (old.length === 0) return 0;
    const places = old.map(({ position }) => position).sort((a, b) => Number(a - b));
    await transaction.execute(`delete from ${schema}.payload where position = any($1::bigint[])`, [places]);
    await transaction.execute(
      `delete from ${schema}.search where position between $1 and $2 and lead_id = any($3::uuid[])`,
      [places[0], places.at(-1), old.map(({ id }) => id)],
    );
    return old.length;
  });
