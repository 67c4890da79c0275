import {
  type Conjunction,
  isNegated,
  type Literal,
  type NormalForm,
  type Test,
  testOf,
} from "../compile/literals.ts";
import { holds } from "../evaluate.ts";
import type { Group, Predicate } from "../rule.ts";
import { type Box, type Cells, cellsWhere, isEmpty, joined, overlapsOf, united } from "./box.ts";
import { allValuesOf, type Candidate, candidatesFor, isTextual } from "./candidates.ts";

// What a submission can look like, as far as the rules can tell: for each field a set of cells, one for each way in which its tests
// can come out together. A box is a set of cells for each field; a rule is some boxes.

export interface Space {
  readonly fields: readonly string[];
  /** By field and cell: a value that stands for it; undefined for a missing field. */
  readonly values: readonly (readonly Candidate[])[];
  readonly everything: Box;
  /** The fields whose cells are not all there are: what is looked for are parts of a text, together with something else. */
  readonly loose: ReadonlySet<string>;
  /** What no submission looks like: a field within another that is no object. */
  readonly voids: readonly Box[];
  /** The number of the cell that a value of the field lies in. */
  cellOf(field: number, value: Candidate): number;
  /** Undefined where the conjunction never holds. */
  boxOf(conjunction: Conjunction): Box | undefined;
  /** Of a rule that has too many conjunctions; undefined where it has too many boxes as well. */
  boxesOf(group: Group): readonly Box[] | undefined;
}

export function spaceOf(rules: NormalForm): Space {
  const { tests } = rules;
  // What lies within another field comes after it, so that a submission can be put together in this order.
  const fields = [...new Set(tests.map(({ field }) => field))].sort((a, b) => a.length - b.length);
  const fieldOf = tests.map(({ field }) => fields.indexOf(field));
  /** By number of the test: the cells of its field in which it holds. */
  const holding: Cells[] = [];
  const outcomesOf: ((candidate: Candidate) => number)[] = [];
  const values = fields.map((field, number) => {
    const mine = [...tests.keys()].filter((test) => fieldOf[test] === number);
    const cells = new Map<string, Candidate>();
    const outcomeOf = (candidate: Candidate): string =>
      mine.map((test) => (holdsFor(tests[test] as Test, candidate) ? "1" : "0")).join("");
    const mineAsTests = mine.map((test) => tests[test] as Test);
    const candidates = candidatesFor(field, mineAsTests);
    // An object stands for whatever else the rules take for the same, where another field may lie within.
    if (candidates.includes(undefined) && fields.some((other) => liesWithin(other, field)))
      candidates.unshift({});
    for (const candidate of candidates) {
      const outcome = outcomeOf(candidate);
      if (!cells.has(outcome)) cells.set(outcome, candidate);
    }
    const outcomes = [...cells.keys()];
    outcomesOf[number] = (value) => outcomes.indexOf(outcomeOf(value));
    for (const [n, test] of mine.entries())
      holding[test] = cellsWhere(outcomes.length, (cell) => outcomes[cell]?.[n] === "1");
    return [...cells.values()];
  });
  const everything = values.map((cells) => cellsWhere(cells.length, () => true));

  const literalBox = (literal: Literal): Box[] => {
    const test = testOf(literal);
    const field = fieldOf[test] as number;
    const cells = joined(everything[field] as Cells, holding[test] as Cells, isNegated(literal));
    return isEmpty(cells) ? [] : [everything.with(field, cells)];
  };

  return {
    fields,
    values,
    everything,
    loose: new Set(
      fields.filter(
        (field) => isLoose(tests.filter((test) => test.field === field)) && allValuesOf(field) === undefined,
      ),
    ),
    voids: voidsAmong(fields, values, everything),
    cellOf: (field, value) => outcomesOf[field]?.(value) ?? -1,
    boxOf({ literals }) {
      const box = [...everything];
      for (const literal of literals) {
        const test = testOf(literal);
        const field = fieldOf[test] as number;
        const cells = joined(box[field] as Cells, holding[test] as Cells, isNegated(literal));
        if (isEmpty(cells)) return undefined;
        box[field] = cells;
      }
      return box;
    },
    boxesOf(group) {
      return boxesOf(
        group,
        false,
        (predicate, isNot) => literalBox(rules.literalOf(predicate) ^ (isNot ? 1 : 0)),
        everything,
      );
    },
  };
}

/** One part of a text alone is tried with and without; what else may come with it is not. */
const isLoose = (tests: readonly Test[]): boolean =>
  tests.some(isTextual) && tests.filter(({ operator }) => operator !== "null").length > 1;

const MAX_BOXES = 256;

/** `negated` pushes an outer `not` inwards. */
function boxesOf(
  group: Group,
  negated: boolean,
  boxesOfOne: (predicate: Predicate, negated: boolean) => readonly Box[],
  everything: Box,
): readonly Box[] | undefined {
  const isNot = negated !== (group.not === true);
  if (group.rules.length === 0) return isNot ? [] : [everything];
  const isAnd = (group.combinator === "and") !== isNot;
  let all: readonly Box[] = isAnd ? [everything] : [];
  for (const one of group.rules) {
    const some = "combinator" in one ? boxesOf(one, isNot, boxesOfOne, everything) : boxesOfOne(one, isNot);
    if (some === undefined) return undefined;
    all = united(isAnd ? overlapsOf(all, some) : [...all, ...some]);
    if (all.length > MAX_BOXES) return undefined;
  }
  return all;
}

const liesWithin = (field: string, other: string): boolean => field.startsWith(`${other}.`);

/** A list has nothing within but its length and its items. */
const isOfLists = (field: string, other: string): boolean =>
  /^(length|\d+)(\.|$)/.test(field.slice(other.length + 1));

function voidsAmong(
  fields: readonly string[],
  values: readonly (readonly Candidate[])[],
  everything: Box,
): Box[] {
  return fields.flatMap((outer, o) =>
    [...fields.entries()].flatMap(([i, inner]) => {
      if (!liesWithin(inner, outer)) return [];
      const [outside, inside] = [values[o], values[i]] as [readonly Candidate[], readonly Candidate[]];
      const lists = isOfLists(inner, outer);
      const noObject = cellsWhere(outside.length, (cell) => {
        const value = outside[cell];
        return typeof value !== "object" || (Array.isArray(value) && !lists);
      });
      const there = cellsWhere(inside.length, (cell) => inside[cell] !== undefined);
      return isEmpty(noObject) || isEmpty(there) ? [] : [everything.with(o, noObject).with(i, there)];
    }),
  );
}

const holdsFor = ({ operator, value }: Test, candidate: Candidate): boolean =>
  holds(operator, candidate, value);
