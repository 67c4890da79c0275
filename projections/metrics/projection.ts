// How many leads there are, by when they came and by when they ended, for each minute, hour and day.
import type { SubmissionId } from "#domain/ids.ts";
import { PARTNER_STREAM_PREFIX } from "#domain/partner/events.ts";
import { SUBMISSION_STREAM_PREFIX } from "#domain/submission/events.ts";
import { columnOf } from "../column.ts";
import { knownEvents } from "../decoding.ts";
import { begunBefore, isAboutALead } from "../lead-state.ts";
import type { Projection, Target } from "../projection.ts";
import { table } from "../table.ts";
import { type CountedLead, evolve } from "./counted-lead.ts";
import { decimalOf, textOf } from "./decimal.ts";
import { packed, unpacked } from "./latency.ts";
import { addTo, COUNTS, type Counts, differences, type Place, type Tally } from "./tally.ts";

export const metricsModel = {
  name: "metrics",
  version: 2,
  tables: [
    // A lead may be given back or fetched back long after its end, so all stay. Room on each page keeps updates off the index.
    `create table lead (
      id uuid primary key,
      kind text not null,
      source text not null,
      status text not null,
      partner text,
      delivery_id uuid,
      rule text,
      price double precision,
      received_at timestamptz not null,
      ended_at timestamptz
    ) with (fillfactor = 70)`,
    // A row is what one question shows of a bucket: by each dimension, so that nothing is added up when it is asked.
    `create table counted (
      bucket text not null,
      clock text not null,
      dimension text not null,
      at timestamptz not null,
      key text not null,
      received int not null,
      delivered int not null,
      rejected int not null,
      duplicate int not null,
      unrouted int not null,
      dead_lettered int not null,
      returned int not null,
      revenue numeric not null,
      steps bytea not null,
      primary key (bucket, clock, dimension, at, key)
    )`,
  ],
} as const;

const leads = table<CountedLead>(
  "lead",
  {
    id: "uuid",
    kind: "text",
    source: "text",
    status: "text",
    partner: "text",
    delivery_id: "uuid",
    rule: "text",
    price: "double precision",
    received_at: "timestamptz",
    ended_at: "timestamptz",
  },
  ["id"],
);

export function metricsProjection(): Projection {
  return {
    ...metricsModel,
    prefixes: [SUBMISSION_STREAM_PREFIX, PARTNER_STREAM_PREFIX],
    async apply(target, stored) {
      const known = knownEvents(stored, target.onSkipped).filter(isAboutALead);
      const before = new Map((await leads.find(target, begunBefore(known))).map((row) => [row.id, row]));
      const changed = new Map<SubmissionId, CountedLead>();
      for (const { event, raw } of known) {
        const id = event.data.submission_id;
        const lead = changed.get(id) ?? before.get(id);
        const next = evolve(lead, event, raw);
        if (next !== undefined && next !== lead) changed.set(id, next);
      }
      await Promise.all([
        leads.upsert(target, [...changed.values()]),
        count(target, differences(changed.values(), before)),
      ]);
    },
  };
}

const PLACE = {
  bucket: "text",
  clock: "text",
  dimension: "text",
  at: "timestamptz",
  key: "text",
} as const;
const PLACE_NAMES = Object.keys(PLACE) as (keyof typeof PLACE)[];

const counted = table<CountedRow>(
  "counted",
  {
    ...PLACE,
    received: "int",
    delivered: "int",
    rejected: "int",
    duplicate: "int",
    unrouted: "int",
    dead_lettered: "int",
    returned: "int",
    revenue: "numeric",
    steps: "bytea",
  },
  PLACE_NAMES,
);

interface CountedRow extends Place, Counts {
  readonly revenue: string;
  readonly steps: Buffer;
}

/** Only one process writes a model at a time, so that what is read here is still so when it is written. */
async function count(target: Target, changes: readonly (readonly [Place, Tally])[]): Promise<void> {
  if (changes.length === 0) return;
  const stored = await storedIn(
    target,
    changes.map(([place]) => place),
  );
  for (const { nth, revenue, steps, ...counts } of stored) {
    const [, tally] = changes[Number(nth) - 1] ?? [];
    if (tally !== undefined) addTo(tally, { counts, revenue: decimalOf(revenue), steps: unpacked(steps) });
  }
  const rows = changes.map(([place, { counts, revenue, steps }]) => ({
    ...place,
    ...counts,
    revenue: textOf(revenue),
    steps: packed(steps),
  }));
  await Promise.all([
    counted.upsert(
      target,
      rows.filter(({ received }) => received !== 0),
    ),
    // A model that is built in other batches has no such row.
    remove(
      target,
      rows.filter(({ received }) => received === 0),
    ),
  ]);
}

interface StoredTally extends Counts {
  readonly nth: bigint;
  readonly revenue: string;
  readonly steps: Buffer;
}

const GIVEN = `unnest(${PLACE_NAMES.map((name, n) => `$${n + 1}::${PLACE[name]}[]`).join(", ")})`;
const placesIn = (places: readonly Place[]): string[] =>
  PLACE_NAMES.map((name) =>
    columnOf(
      places.map((place) => place[name]),
      PLACE[name],
    ),
  );

/** With its number among the places, from 1. */
const storedIn = ({ schema, query }: Target, places: readonly Place[]): Promise<StoredTally[]> =>
  query(
    `select nth, ${COUNTS.join(", ")}, revenue, steps
      from ${GIVEN} with ordinality as given (${PLACE_NAMES.join(", ")}, nth)
      join ${schema}.counted using (${PLACE_NAMES.join(", ")})`,
    placesIn(places),
  );

async function remove({ schema, execute }: Target, places: readonly Place[]): Promise<void> {
  if (places.length === 0) return;
  await execute(
    `delete from ${schema}.counted using ${GIVEN} as given (${PLACE_NAMES.join(", ")})
      where ${PLACE_NAMES.map((name) => `counted.${name} = given.${name}`).join(" and ")}`,
    placesIn(places),
  );
}
