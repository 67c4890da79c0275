import type { Test } from "../compile/literals.ts";
import { holds } from "../evaluate.ts";
import { folded } from "../fold.ts";
import { allValuesOf, type Candidate, isTextual } from "./candidates.ts";

// One value for which some tests of a field hold and others don't. Any choice of texts to begin with, contain and end with is joined
// with a character between them that nobody asks for: so the value has what it must, and nothing besides that this does not imply.

export interface Wanted {
  readonly test: Test;
  readonly holds: boolean;
}

/** "unknown" where none was found and there may be one. */
export type Found = { readonly value: Candidate } | "none" | "unknown";

/**
 * `cells`: values that are enough to tell all tests on the field apart, as long as none of them is for a part of a text. `spend` is told
 * what is tried.
 */
export function valueFor(
  field: string,
  wanted: readonly Wanted[],
  cells: readonly Candidate[],
  spend: (steps: number) => void,
): Found {
  const isClosed = IS_CLOSED.has(field) || allValuesOf(field) !== undefined;
  const asksForParts = wanted.some(({ test }) => isTextual(test));
  const tried = isClosed ? [] : composedFor(wanted);
  spend(wanted.length * (tried.length + 1));
  for (const value of tried) if (fits(value, wanted)) return { value };
  const isCertain = !asksForParts || isTold(field, wanted, isClosed);
  if (asksForParts && isCertain && !isClosed) return "none";
  spend(cells.length);
  for (const value of cells) if (fits(value, wanted)) return { value };
  return isCertain ? "none" : "unknown";
}

/** Its values are made by us, not by whoever sends the submission. */
const IS_CLOSED: ReadonlySet<string> = new Set(["source", "person.lead_count"]);

const fits = (value: Candidate, wanted: readonly Wanted[]): boolean =>
  wanted.every((one) => holds(one.test.operator, value, one.test.value) === one.holds);

/** Whether what is composed is all there is to try, although parts of a text are asked for. */
function isTold(field: string, wanted: readonly Wanted[], isClosed: boolean): boolean {
  if (allValuesOf(field) !== undefined) return true;
  if (isClosed) return false;
  const must = wanted.filter((one) => one.holds).map(({ test }) => test);
  // A missing field, or one text and what is written like it.
  if (must.some(({ operator }) => operator === "null")) return true;
  if (must.some(({ operator, value }) => operator === "=" && typeof value === "string")) return true;
  const mustNot = wanted.filter((one) => !one.holds).map(({ test }) => test);
  return (
    must.every((test) => isOfText(test) || isOfTexts(test)) &&
    mustNot.every((test) => isOfText(test) || NEVER_COMPOSED.has(test.operator))
  );
}

const isOfTexts = ({ operator, value }: Test): boolean =>
  operator === "in" && (value as unknown[]).every((one) => typeof one === "string");

/**
 * A list with whatever must be in it and nothing else; where a set leaves a choice, what comes first. More items never take away what a
 * list must have, so there is none where all that may be in it are not enough.
 */
function listFor(wanted: readonly Wanted[]): unknown[] {
  const ofItems = wanted.filter(({ test }) => test.operator === "in" || test.operator === "contains");
  const [must, mustNot] = [ofItems.filter((one) => one.holds), ofItems.filter((one) => !one.holds)];
  const has = (list: unknown[], { test }: Wanted): boolean => holds(test.operator, list, test.value);
  const all = [...new Set(must.flatMap(({ test }) => [test.value].flat()))];
  const allowed = all.filter((item) => !mustNot.some((one) => has([item], one)));
  return allowed.toReversed().reduce<unknown[]>((list, item) => {
    const fewer = list.filter((one) => one !== item);
    return must.every((one) => has(fewer, one)) ? fewer : list;
  }, allowed);
}

/** A list may hold a number in more than one spelling, and these are not all tried. */
const isOfText = (test: Test): boolean => isTextual(test) && typeof test.value === "string";
/** What a composed text never is, so that it is the right one to try. */
const NEVER_COMPOSED: ReadonlySet<string> = new Set(["=", "in", "null"]);

/** What may do, what people can read first. */
function composedFor(wanted: readonly Wanted[]): Candidate[] {
  const must = wanted.filter((one) => one.holds).map(({ test }) => test);
  const of = (operator: Test["operator"]): string[] =>
    must.filter((test) => test.operator === operator).map(({ value }) => folded(String(value)));
  const exact = must.flatMap(({ operator, value }) => (operator === "=" ? [value] : []));
  if (exact.length > 0) return exact;
  const list = listFor(wanted);
  const set = must.find(({ operator }) => operator === "in");
  if (set !== undefined) return [...(set.value as unknown[]), list];
  const [begin, end, within] = [longest(of("beginsWith")), longest(of("endsWith")), of("contains")];
  const parts = [begin, ...unimplied(within, [begin, end]), end];
  const between = unusedIn(wanted);
  const bounds = wanted.flatMap(({ test }) => boundsIn(test));
  return [
    undefined,
    parts.filter((part) => part !== "").join(" "),
    parts.join(between),
    list,
    ...bounds.flatMap((bound) => [
      `${bound}${between}${parts.join(between)}`,
      `${begin}\uffee${parts.join(between)}`,
    ]),
  ];
}

const longest = (texts: readonly string[]): string =>
  texts.reduce((long, one) => (one.length > long.length ? one : long), "");

/** Those that stand in none of the others. */
const unimplied = (texts: readonly string[], others: readonly string[]): string[] =>
  texts.filter(
    (text, n) =>
      ![...others, ...texts.filter((other, m) => other !== text || m < n)].some((other) =>
        other.includes(text),
      ),
  );

/** In the order in which they are tried. */
const RARE = ["-", "_", "·", "…", "¦", "§", "\ue000"];

function unusedIn(wanted: readonly Wanted[]): string {
  const used = JSON.stringify(wanted.map(({ test }) => test.value));
  for (const one of RARE) if (!used.includes(one)) return one;
  let code = 0xe001;
  while (used.includes(String.fromCharCode(code))) code += 1;
  return String.fromCharCode(code);
}

function boundsIn({ operator, value }: Test): string[] {
  if (!["<", "<=", ">", ">=", "between"].includes(operator)) return [];
  return [value].flat().filter((one) => typeof one === "string");
}
