// How many leads came or ended in each minute, hour or day, and as what.
import type { Database } from "#platform/database.ts";
import { preparedOnce } from "../checkpoint.ts";
import { positionWatch } from "../reached.ts";
import { percentilesOf } from "./latency.ts";
import { metricsModel } from "./projection.ts";
import { type Bucket, type Clock, COUNTS, type Counts, type Dimension } from "./tally.ts";

export { type Bucket, buckets, clocks, dimensions } from "./tally.ts";

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

export interface StatsItem extends Readonly<Counts> {
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

interface Row extends Counts {
  readonly at: Date;
  readonly key: string;
  readonly revenue: number;
  readonly steps: Uint8Array;
}

/** A range of the index: each row is an item. */
const STATEMENT = `
  select at, key, ${COUNTS.join(", ")}, revenue::double precision as revenue, steps
    from metrics.counted
    where bucket = $1 and clock = $2 and dimension = $3 and at >= date_trunc($1, $4::timestamptz, 'UTC') and at < $5
    order by at, key limit $6`;

export function createStatsQueries({ database }: { readonly database: Database }): StatsQueries {
  const ready = preparedOnce(database, metricsModel);
  const watch = positionWatch(database, metricsModel.name);
  return {
    async list({ from, to, bucket, by, clock, limit }) {
      await ready();
      const rows = await database.query<Row>(STATEMENT, [bucket, clock, by, from, to, limit + 1]);
      return rows.length > limit ? undefined : rows.map(item);
    },
    position: () => ready().then(watch.position),
    reached: (position, timeoutMs) => ready().then(() => watch.reached(position, timeoutMs)),
  };
}

function item({ at, key, steps, ...row }: Row): StatsItem {
  const [p50_ms = null, p99_ms = null] = percentilesOf(steps, [50, 99]);
  return { at: at.toISOString(), key: key === "" ? null : key, ...row, p50_ms, p99_ms };
}
