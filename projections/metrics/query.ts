// How many leads came or ended in each minute, hour or day, and as what.
import type { Database } from "#platform/database.ts";
import { preparedOnce } from "../checkpoint.ts";
import { positionWatch } from "../reached.ts";
import type { Clock } from "./counted-lead.ts";
import { msOf } from "./latency.ts";
import { metricsModel } from "./projection.ts";

export const buckets = ["minute", "hour", "day"] as const;
export type Bucket = (typeof buckets)[number];
export const dimensions = ["source", "kind", "partner", "rule", "status"] as const;
export type Dimension = (typeof dimensions)[number];
export const clocks = ["received", "ended"] as const satisfies readonly Clock[];

export interface StatsFilter {
  /** The bucket that this lies in is the first. */
  readonly from: Date;
  /** Buckets that begin at this time or later are left out. */
  readonly to: Date;
  readonly bucket: Bucket;
  readonly by: Dimension;
  readonly clock: Clock;
  readonly limit: number;
}

const COUNTED_STATUSES = [
  "delivered",
  "rejected",
  "duplicate",
  "unrouted",
  "dead_lettered",
  "returned",
] as const;

type Counts = Readonly<Record<"received" | (typeof COUNTED_STATUSES)[number], number>>;

export interface StatsItem extends Counts {
  /** When the bucket begins. */
  readonly at: string;
  /** Null for leads that have none: no partner, or no rule. */
  readonly key: string | null;
  readonly revenue: number;
  /** From receipt to the end, of those that have ended; null where none has. */
  readonly p50_ms: number | null;
  readonly p99_ms: number | null;
}

export interface StatsQueries {
  /** Those buckets and keys that have leads, in order. Undefined where that are more than `limit`. */
  list(filter: StatsFilter): Promise<StatsItem[] | undefined>;
  position(): Promise<bigint>;
  reached(position: bigint, timeoutMs: number): Promise<boolean>;
}

type Row = Readonly<Record<keyof Counts, bigint>> & {
  readonly at: Date;
  readonly key: string;
  readonly revenue: number;
  readonly p50: number | null;
  readonly p99: number | null;
};

const statement = (by: Dimension): string => `
  with by_step as (
    select at, ${by} as key, step, sum(leads) as received, sum(revenue) as revenue,
      ${COUNTED_STATUSES.map((one) => `sum(leads) filter (where status = '${one}') as ${one}`).join(", ")}
      from metrics.counted
      where bucket = $1 and clock = $2 and at >= date_trunc($1, $3::timestamptz, 'UTC') and at < $4
      group by 1, 2, 3),
  ranked as (
    select *, sum(received) filter (where step >= 0) over (partition by at, key order by step) as up_to,
      sum(received) filter (where step >= 0) over (partition by at, key) as ended from by_step)
  select at, key, sum(received)::bigint as received, sum(revenue)::double precision as revenue,
    ${COUNTED_STATUSES.map((one) => `coalesce(sum(${one}), 0)::bigint as ${one}`).join(", ")},
    min(step) filter (where step >= 0 and up_to >= ended * 0.50) as p50,
    min(step) filter (where step >= 0 and up_to >= ended * 0.99) as p99
    from ranked group by at, key order by at, key limit $5`;

export function createStatsQueries({ database }: { readonly database: Database }): StatsQueries {
  const ready = preparedOnce(database, metricsModel);
  const watch = positionWatch(database, metricsModel.name);
  return {
    async list({ from, to, bucket, by, clock, limit }) {
      await ready();
      const rows = await database.query<Row>(statement(by), [bucket, clock, from, to, limit + 1]);
      return rows.length > limit ? undefined : rows.map(item);
    },
    position: () => ready().then(watch.position),
    reached: (position, timeoutMs) => ready().then(() => watch.reached(position, timeoutMs)),
  };
}

function item({ at, key, p50, p99, ...row }: Row): StatsItem {
  return {
    at: at.toISOString(),
    key: key === "" ? null : key,
    received: Number(row.received),
    delivered: Number(row.delivered),
    rejected: Number(row.rejected),
    duplicate: Number(row.duplicate),
    unrouted: Number(row.unrouted),
    dead_lettered: Number(row.dead_lettered),
    returned: Number(row.returned),
    revenue: row.revenue,
    p50_ms: p50 === null ? null : msOf(p50),
    p99_ms: p99 === null ? null : msOf(p99),
  };
}
