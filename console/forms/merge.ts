// Two people have changed the same configuration: what each of them did, and one that has both.
import type { Fields } from "./json-schema.ts";

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const same = (one: unknown, other: unknown): boolean => canonical(one) === canonical(other);

/** Whatever the order of the fields. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, one: unknown) =>
    isFields(one) ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1))) : one,
  ) ?? "";

/** What is of another type is another thing as a whole: half a channel is none. */
const areAlike = (...all: readonly unknown[]): boolean =>
  all.every(isFields) && new Set(all.map((one) => (one as Fields).type)).size === 1;

export interface Merged {
  readonly value: unknown;
  /** What both have changed, and not to the same: there it is mine. */
  readonly both: readonly string[];
}

/** What I changed since the base is mine, everything else theirs. */
export function merge(base: unknown, mine: unknown, theirs: unknown, path = ""): Merged {
  if (same(base, mine) || same(mine, theirs)) return { value: theirs, both: [] };
  if (same(base, theirs)) return { value: mine, both: [] };
  if (!areAlike(base, mine, theirs)) return { value: mine, both: [path] };
  const [was, my, their] = [base, mine, theirs] as [Fields, Fields, Fields];
  const names = [...new Set([...Object.keys(their), ...Object.keys(my)])];
  const merged = names.map(
    (name) =>
      [name, merge(was[name], my[name], their[name], path === "" ? name : `${path}.${name}`)] as const,
  );
  return {
    value: Object.fromEntries(
      merged.flatMap(([name, { value }]) => (value === undefined ? [] : [[name, value]])),
    ),
    both: merged.flatMap(([, { both }]) => both),
  };
}
