import { Kind } from "../../submission/events.ts";
import type { Test } from "../compile/literals.ts";
import { folded } from "../fold.ts";

// For each field, values that are enough to tell all rules' tests on it apart: a witness is put together from them.
// Complete for equality, sets, numbers, order and missing values, and for one part of a text; what several parts come to is searched
// for (field-value.ts).

export type Candidate = unknown;

/** Of more items than this, a list holds no two of them. */
const MAX_PAIRED = 40;
/** A text that nobody asks for. */
const OTHER = "other";

/** Where a field has no other value than these. A list of suppressions may not be there, or not any more. */
export function allValuesOf(field: string): Candidate[] | undefined {
  if (field === "kind") return [...Kind.options];
  return field.startsWith("suppressed.") ? [true, false, undefined] : undefined;
}

export function candidatesFor(field: string, tests: readonly Test[]): Candidate[] {
  const all = allValuesOf(field);
  if (all !== undefined) return all;
  const constants = tests.flatMap(({ value }) => (Array.isArray(value) ? value : [value]));
  const numbers = constants.filter((one) => typeof one === "number");
  // Missing where nobody is known: not every kind needs details of a person.
  if (field === "person.lead_count") return [...wholeNumbers(numbers), undefined];
  const texts = constants.filter((one) => typeof one === "string" && one.trim() !== "") as string[];
  if (field === "source") return unique([...texts.filter(isSlug), "other-source"]);
  return unique([
    undefined,
    OTHER,
    ...around(numbers),
    ...(texts.length > 0 ? numbers.flatMap(spellings) : []),
    ...texts,
    ...ordered(tests),
    ...tests.filter(isTextual).map(({ value }) => folded(String(value))),
    ...(constants.some((one) => typeof one === "boolean") ? [true, false] : []),
    ...lists(tests),
    {},
  ]);
}

const isSlug = (text: string): boolean => /^[a-z0-9][a-z0-9_-]*$/.test(text);

/** Each number, one between any two, one below and one above. */
function around(numbers: readonly number[]): number[] {
  const sorted = [...new Set(numbers)].sort((a, b) => a - b);
  const [low, high] = [sorted[0], sorted.at(-1)];
  if (low === undefined || high === undefined) return [];
  const between = sorted.slice(1).map((one, n) => one / 2 + (sorted[n] as number) / 2);
  return [low - Math.max(1, Math.abs(low)), ...sorted, ...between, high + Math.max(1, Math.abs(high))];
}

function wholeNumbers(numbers: readonly number[]): number[] {
  const near = around(numbers).flatMap((one) => [Math.floor(one), Math.ceil(one)]);
  return unique([1, ...near.flatMap((one) => [one - 1, one, one + 1])].filter((one) => one >= 1)) as number[];
}

/** A number can be written in ways that compare differently as texts. */
const spellings = (number: number): string[] => [`${number}`, `+${number}`, `0${number}`, `${number}.0`];

/** Each text that others are compared with in order, and one right after it. */
function ordered(tests: readonly Test[]): string[] {
  const bounds = tests.flatMap(({ operator, value }) => {
    if (!["<", "<=", ">", ">=", "between"].includes(operator)) return [];
    return (Array.isArray(value) ? value : [value]).filter((one) => typeof one === "string");
  }) as string[];
  return bounds.length === 0
    ? []
    : ["!", "~~~", "\uffee", ...bounds.flatMap((one) => [one, `${one.trim()}!`])];
}

export const isTextual = ({ operator }: Test): boolean =>
  operator === "beginsWith" || operator === "endsWith" || operator === "contains";

/** Lists that hold what is asked for: one of it, any two of it, and nothing of it. */
function lists(tests: readonly Test[]): unknown[][] {
  const wanted = unique(
    tests.flatMap(({ operator, value }) =>
      operator === "contains" ? [value] : operator === "in" ? (value as unknown[]) : [],
    ),
  );
  if (wanted.length === 0) return [];
  const pairs = wanted.length > MAX_PAIRED ? [] : pairsOf(wanted);
  return [[], ...wanted.map((one) => [one]), ...pairs];
}

const pairsOf = <T>(all: readonly T[]): T[][] =>
  all.flatMap((one, n) => all.slice(n + 1).map((other) => [one, other]));

function unique(values: readonly Candidate[]): Candidate[] {
  const seen = new Map(values.map((value) => [value === undefined ? "" : JSON.stringify(value), value]));
  return [...seen.values()];
}
