// The index of what has ended: one row for each delivery, in the database. What stands there is in no actor's memory.
import type { DeliveryId, PartnerId } from "#domain/ids.ts";
import type { Past, PastHeld } from "#domain/partner/past.ts";
import type { KeyUse } from "#domain/partner/state.ts";
import type { Database } from "#platform/database.ts";

export interface PastIndex {
  /** All of it, once the stream was read up to this revision. */
  add(partner: PartnerId, past: PastHeld, revision: bigint): Promise<void>;
  /** In the order in which they are asked for. `upTo` is what the one who asks knows to be in the index. */
  lookUp(partner: PartnerId, asked: readonly Asked[], upTo: bigint): Promise<Past[]>;
  /** What the stream does not say (any more). */
  discardAfter(partner: PartnerId, revision: bigint): Promise<void>;
}

export interface Asked {
  readonly delivery_id: DeliveryId;
  readonly dedupe_key?: string | undefined;
}

const TABLES = [
  `create schema if not exists partner_past;
   create table partner_past.delivery (
     partner text not null,
     delivery_id uuid not null,
     revision bigint not null,
     dedupe_key text,
     delivered_at bigint,
     returned bigint,
     primary key (partner, delivery_id)
   );
   create index on partner_past.delivery (partner, dedupe_key) where dedupe_key is not null`,
];

const ROWS_AT_ONCE = 5_000;

const ADD = `
  insert into partner_past.delivery (partner, revision, delivery_id, dedupe_key, delivered_at)
  select $1, $2, * from unnest($3::uuid[], $4::text[], $5::bigint[])
  on conflict (partner, delivery_id) do update
    set revision = excluded.revision, dedupe_key = excluded.dedupe_key, delivered_at = excluded.delivered_at
    where delivery.revision < excluded.revision`;

const DELIVERIES = `
  select delivery_id, returned is not null as returned from partner_past.delivery
   where partner = $1 and delivery_id = any($2::uuid[])`;

/** Key by key: a plan for all of them, kept from when there were few rows, would read every row for each batch. See docs/decisions/0178. */
const KEYS = `
  select wanted.dedupe_key, newest.delivery_id, newest.delivered_at from unnest($2::text[]) as wanted (dedupe_key)
   cross join lateral (
     select delivery_id, delivered_at from partner_past.delivery
      where partner = $1 and delivery.dedupe_key = wanted.dedupe_key
      order by delivered_at desc, revision desc limit 1
   ) as newest`;

const prepared = { prepared: true };

export async function openPastIndex(database: Database): Promise<PastIndex> {
  await database.migrate("partner_past", TABLES);

  return {
    async add(partner, { ended, returned, dropsKeys }, revision) {
      // What another owner wrote since is newer, and stays.
      if (dropsKeys)
        await database.execute(
          `update partner_past.delivery set dedupe_key = null
            where partner = $1 and dedupe_key is not null and revision < $2`,
          [partner, revision],
        );
      for (let from = 0; from < ended.length; from += ROWS_AT_ONCE) {
        const rows = ended.slice(from, from + ROWS_AT_ONCE);
        await database.execute(ADD, [
          partner,
          revision,
          rows.map(({ delivery_id }) => delivery_id),
          rows.map(({ dedupe_key }) => dedupe_key ?? null),
          rows.map(({ delivered_at }) => delivered_at ?? null),
        ]);
      }
      if (returned.length > 0)
        await database.execute(
          `update partner_past.delivery set returned = $2
            where partner = $1 and delivery_id = any($3::uuid[]) and returned is null`,
          [partner, revision, returned],
        );
    },
    async lookUp(partner, asked, upTo) {
      const ids = asked.map(({ delivery_id }) => delivery_id);
      const keys = asked.map(({ dedupe_key }) => dedupe_key).filter((key) => key !== undefined);
      const [deliveries, uses] = await Promise.all([
        database.query<{ delivery_id: DeliveryId; returned: boolean }>(DELIVERIES, [partner, ids], prepared),
        keys.length === 0
          ? []
          : database.query<{ dedupe_key: string; delivery_id: DeliveryId; delivered_at: bigint }>(
              KEYS,
              [partner, keys],
              prepared,
            ),
      ]);
      const ended = new Map(deliveries.map(({ delivery_id, returned }) => [delivery_id, returned]));
      const used = new Map(
        uses.map(({ dedupe_key, delivery_id: by, delivered_at }): [string, KeyUse] => [
          dedupe_key,
          { by, delivered_at: Number(delivered_at) },
        ]),
      );
      return asked.map(({ delivery_id, dedupe_key }) => ({
        upTo,
        ended: ended.has(delivery_id),
        returned: ended.get(delivery_id) === true,
        key: dedupe_key === undefined ? undefined : used.get(dedupe_key),
      }));
    },
    async discardAfter(partner, revision) {
      await database.execute("delete from partner_past.delivery where partner = $1 and revision > $2", [
        partner,
        revision,
      ]);
      await database.execute(
        "update partner_past.delivery set returned = null where partner = $1 and returned > $2",
        [partner, revision],
      );
    },
  };
}
