// What is shown of the statistics, as the address says it.
import { asMoment, type Filters } from "../ui/filters.ts";

export const periods = { hour: "Last hour", day: "Last day", week: "Last 7 days", month: "Last 30 days" };
type Period = keyof typeof periods;
export const buckets = { minute: "Minute", hour: "Hour", day: "Day" };
type Bucket = keyof typeof buckets;
export const dimensions = {
  source: "Source",
  kind: "Kind",
  partner: "Partner",
  rule: "Rule",
  status: "Status",
};
export const clocks = { received: "Received", ended: "Ended" };

const MINUTE_MS = 60_000;
export const LENGTH_MS: Readonly<Record<Bucket, number>> = {
  minute: MINUTE_MS,
  hour: 60 * MINUTE_MS,
  day: 24 * 60 * MINUTE_MS,
};
const PERIOD_MS: Readonly<Record<Period, number>> = {
  hour: LENGTH_MS.hour,
  day: LENGTH_MS.day,
  week: 7 * LENGTH_MS.day,
  month: 30 * LENGTH_MS.day,
};
/** More than this can't be told apart on a screen. */
const MAX_POINTS = 200;

export interface StatsFilter {
  /** "" where the period is between two moments. */
  readonly period: Period | "";
  readonly bucket: Bucket;
  readonly by: keyof typeof dimensions;
  readonly clock: keyof typeof clocks;
  readonly from: number;
  readonly to: number;
}

const oneOf = <Key extends string>(
  known: Readonly<Record<Key, string>>,
  value: string,
  otherwise: Key,
): Key => (value in known ? (value as Key) : otherwise);

export function statsFilter(filters: Pick<Filters, "get">, now = Date.now()): StatsFilter {
  const from = asMoment(filters.get("from"));
  const to = asMoment(filters.get("to"));
  const isCustom = from !== undefined || to !== undefined;
  const period = oneOf(periods, filters.get("period"), "day");
  const end = to === undefined ? now : Date.parse(to);
  const start = from === undefined ? end - PERIOD_MS[period] : Date.parse(from);
  return {
    period: isCustom ? "" : period,
    from: start,
    to: end,
    bucket: oneOf(buckets, filters.get("bucket"), fitting(end - start)),
    by: oneOf(dimensions, filters.get("by"), "partner"),
    clock: oneOf(clocks, filters.get("clock"), "received"),
  };
}

/** The shortest buckets of which a screen can show all. */
function fitting(length: number): Bucket {
  const all: readonly Bucket[] = ["minute", "hour", "day"];
  return all.find((bucket) => length / LENGTH_MS[bucket] <= MAX_POINTS) ?? "day";
}
