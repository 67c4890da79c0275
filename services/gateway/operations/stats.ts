// GET /api/stats: how many leads there were in each minute, hour or day, and what became of them.
import { z } from "zod";
import { type Bucket, buckets, clocks, dimensions, type StatsQueries } from "#projections/metrics/query.ts";
import { moment } from "../http/moment.ts";
import { describeScope, type Routes, responseSchemas } from "../http/route-schema.ts";
import { reportPosition } from "../reading/report-position.ts";
import { type InputError, Refused, refusal } from "../refusal.ts";

/** A little over four years of days, two months of hours or a day of minutes. */
const MAX_BUCKETS = 1_500;
const MAX_ITEMS = 20_000;

const MINUTE_MS = 60_000;
const LENGTH_MS: Readonly<Record<Bucket, number>> = {
  minute: MINUTE_MS,
  hour: 60 * MINUTE_MS,
  day: 24 * 60 * MINUTE_MS,
};

const count = z.int().nonnegative();
const quantile = z
  .number()
  .nullable()
  .meta({ description: "From receipt to the end, at most 2 % off; null where none has ended" });

const StatsItem = z.object({
  at: z.iso.datetime().meta({ description: "When the bucket begins, in UTC" }),
  key: z.string().nullable().meta({ description: "Null for leads without a partner, or without a rule" }),
  received: count.meta({ description: "All leads of the bucket, whatever became of them" }),
  delivered: count,
  rejected: count,
  duplicate: count,
  unrouted: count,
  dead_lettered: count,
  returned: count,
  revenue: z.number().meta({ description: "Prices of those that are delivered" }),
  p50_ms: quantile,
  p99_ms: quantile,
});
const Stats = z.object({ items: z.array(StatsItem) }).register(responseSchemas, { id: "Stats" });

const StatsFilter = z.object({
  from: moment.optional().meta({ description: "The first bucket is the one that this lies in" }),
  to: moment.optional().meta({ description: "Only buckets that begin before this; now unless told" }),
  bucket: z.enum(buckets).default("hour"),
  by: z.enum(dimensions).default("status"),
  clock: z
    .enum(clocks)
    .default("received")
    .meta({ description: "Whether a lead counts when it was received, or when it ended" }),
});

const invalid = (error: InputError): Refused => new Refused(refusal("invalid", { errors: [error] }));

/** Without `from`, as many buckets as one response may have. */
function period({ from, to = new Date(), bucket }: z.output<typeof StatsFilter>): { from: Date; to: Date } {
  const length = LENGTH_MS[bucket];
  const startOf = (at: Date): number => Math.floor(at.getTime() / length) * length;
  if (from === undefined) return { from: new Date(startOf(to) - (MAX_BUCKETS - 1) * length), to };
  if (from >= to) throw invalid({ path: "from", message: "must be before `to`, which is now unless told" });
  const wanted = Math.ceil((to.getTime() - startOf(from)) / length);
  if (wanted > MAX_BUCKETS)
    throw invalid({
      path: "from",
      message: `must not be so early: until \`to\` there are ${wanted} buckets, and a response has at most ${MAX_BUCKETS}; ask for a shorter time, or for longer buckets`,
    });
  return { from, to };
}

export function statsRoutes(queries: StatsQueries): Routes {
  return async (app) => {
    describeScope(app, () => ({ tags: ["Operations"] }));
    reportPosition(app, queries);

    app.get(
      "/api/stats",
      {
        schema: {
          summary: "How many leads came or ended in each minute, hour or day, and as what",
          querystring: StatsFilter,
          response: { 200: Stats },
        },
      },
      async ({ query }) => {
        const { bucket, by, clock } = query;
        const items = await queries.list({ ...period(query), bucket, by, clock, limit: MAX_ITEMS });
        if (items === undefined)
          throw invalid({
            path: "from",
            message: `must be later, or \`to\` earlier: there are more than ${MAX_ITEMS} items, the most that a response has; ask for a shorter time, or for longer buckets`,
          });
        return { items };
      },
    );
  };
}
