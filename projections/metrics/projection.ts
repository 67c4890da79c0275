// How many leads there are, by when they came and by when they ended, for each minute, hour and day.
import type { SubmissionId } from "#domain/ids.ts";
import { PARTNER_STREAM_PREFIX } from "#domain/partner/events.ts";
import { SUBMISSION_STREAM_PREFIX } from "#domain/submission/events.ts";
import { columnOf } from "../column.ts";
import { knownEvents } from "../decoding.ts";
import { begunBefore, isAboutALead } from "../lead-state.ts";
import type { Projection, Target } from "../projection.ts";
import { table } from "../table.ts";
import { type Counted, type CountedLead, differences, evolve } from "./counted-lead.ts";

export const metricsModel = {
  name: "metrics",
  version: 1,
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
    `create table counted (
      bucket text not null,
      clock text not null,
      at timestamptz not null,
      source text not null,
      kind text not null,
      partner text not null,
      rule text not null,
      status text not null,
      step int not null,
      leads bigint not null,
      revenue numeric not null,
      primary key (bucket, clock, at, source, kind, partner, rule, status, step)
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

const COLUMNS = {
  clock: "text",
  minute: "timestamptz",
  source: "text",
  kind: "text",
  partner: "text",
  rule: "text",
  status: "text",
  step: "int",
  price: "numeric",
  leads: "bigint",
} as const;
const NAMES = Object.keys(COLUMNS) as (keyof typeof COLUMNS)[];

const KEY = "bucket, clock, at, source, kind, partner, rule, status, step";
/** Every difference thrice: in its minute, its hour and its day. */
const GIVEN = `
  select bucket, date_trunc(bucket, minute, 'UTC') as at, given.*
    from unnest(${NAMES.map((name, n) => `$${n + 1}::${COLUMNS[name]}[]`).join(", ")}) as given (${NAMES.join(", ")})
    cross join unnest('{minute,hour,day}'::text[]) as bucket`;

async function count(target: Target, counted: readonly Counted[]): Promise<void> {
  if (counted.length === 0) return;
  const inColumns = (some: readonly Counted[]): string[] =>
    NAMES.map((name) =>
      columnOf(
        some.map((one) => one[name]),
        COLUMNS[name],
      ),
    );
  const { schema } = target;
  const fewer = counted.filter(({ leads }) => leads < 0);
  await Promise.all([
    target.execute(
      `insert into ${schema}.counted (${KEY}, leads, revenue)
        select ${KEY}, sum(leads), trim_scale(sum(leads * price)) from (${GIVEN}) as given group by ${KEY}
        on conflict (${KEY}) do update set leads = counted.leads + excluded.leads,
          revenue = trim_scale(counted.revenue + excluded.revenue)`,
      inColumns(counted),
    ),
    // What counts nothing any more goes: a model that is built in other batches has no such row.
    fewer.length > 0 &&
      target.execute(
        `delete from ${schema}.counted using (${GIVEN}) as given
          where counted.leads = 0 and ${KEY.split(", ")
            .map((name) => `counted.${name} = given.${name}`)
            .join(" and ")}`,
        inColumns(fewer),
      ),
  ]);
}
