// Items of the statistics as lines over time: each bucket has a value in each line, so that two lines can be compared.
import type { StatsItem } from "../api/queries.ts";
import { LENGTH_MS, type StatsFilter } from "./filter.ts";

export interface Line {
  readonly name: string;
  readonly values: readonly (number | null)[];
}

export interface Series {
  /** When each bucket begins, in milliseconds. */
  readonly at: readonly number[];
  readonly lines: readonly Line[];
}

type Counted =
  | "received"
  | "delivered"
  | "rejected"
  | "duplicate"
  | "unrouted"
  | "dead_lettered"
  | "returned";
export const outcomes = [
  "delivered",
  "duplicate",
  "rejected",
  "unrouted",
  "dead_lettered",
  "returned",
] as const satisfies readonly Counted[];

/** As many as can be told apart by colour; the rest is one line. */
const MAX_LINES = 7;
const REST = "all others";
export const NO_KEY = "none";

export const keyOf = ({ key }: StatsItem): string => key ?? NO_KEY;

export function bucketsOf({ from, to, bucket }: Pick<StatsFilter, "from" | "to" | "bucket">): number[] {
  const length = LENGTH_MS[bucket];
  const first = Math.floor(from / length) * length;
  const count = Math.max(1, Math.ceil((to - first) / length));
  return Array.from({ length: count }, (_, n) => first + n * length);
}

/** Keys by how much they received, the most first. */
export function keysOf(items: readonly StatsItem[]): string[] {
  const received = new Map<string, number>();
  for (const item of items) received.set(keyOf(item), (received.get(keyOf(item)) ?? 0) + item.received);
  return [...received].sort(([, a], [, b]) => b - a).map(([key]) => key);
}

/** A line for each key, added up from zero. */
export function countsByKey(
  items: readonly StatsItem[],
  at: readonly number[],
  field: Counted | "revenue",
): Series {
  const keys = keysOf(items);
  const own = keys.length > MAX_LINES ? keys.slice(0, MAX_LINES - 1) : keys;
  const names = own.length < keys.length ? [...own, REST] : own;
  const nameOf = new Map(keys.map((key) => [key, own.includes(key) ? key : REST]));
  const sums = emptySums(names, at);
  add(items, at, (item, n) => {
    const line = sums.get(nameOf.get(keyOf(item)) ?? REST);
    if (line !== undefined) line[n] = (line[n] ?? 0) + item[field];
  });
  return { at, lines: [...sums].map(([name, values]) => ({ name, values })) };
}

/** A line for each outcome, of all keys together; without those that never were. */
export function outcomesOf(items: readonly StatsItem[], at: readonly number[]): Series {
  const sums = emptySums(outcomes, at);
  add(items, at, (item, n) => {
    for (const outcome of outcomes) {
      const line = sums.get(outcome);
      if (line !== undefined) line[n] = (line[n] ?? 0) + item[outcome];
    }
  });
  const lines = [...sums].map(([name, values]) => ({ name, values }));
  return { at, lines: lines.filter(({ values }) => values.some((value) => value > 0)) };
}

/** How long leads took, of the keys with the most of them; quantiles of several keys can't be added. */
export function quantileByKey(
  items: readonly StatsItem[],
  at: readonly number[],
  field: "p50_ms" | "p99_ms",
): Series {
  const keys = keysOf(items).slice(0, MAX_LINES);
  const found = new Map(keys.map((key) => [key, at.map((): number | null => null)]));
  add(items, at, (item, n) => {
    const line = found.get(keyOf(item));
    if (line !== undefined) line[n] = item[field];
  });
  const lines = [...found].map(([name, values]) => ({ name, values }));
  return { at, lines: lines.filter(({ values }) => values.some((value) => value !== null)) };
}

const emptySums = (names: readonly string[], at: readonly number[]) =>
  new Map(names.map((name) => [name, at.map(() => 0)]));

function add(
  items: readonly StatsItem[],
  at: readonly number[],
  take: (item: StatsItem, n: number) => void,
): void {
  const index = new Map(at.map((begin, n) => [begin, n]));
  for (const item of items) {
    const n = index.get(Date.parse(item.at));
    if (n !== undefined) take(item, n);
  }
}
