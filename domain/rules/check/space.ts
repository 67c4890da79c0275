import {
  type Conjunction,
  isNegated,
  type Literal,
  type NormalForm,
  predicatesIn,
  type Test,
  testOf,
} from "../compile/literals.ts";
import { holds } from "../evaluate.ts";
import type { Group, Operator, Predicate } from "../rule.ts";
import { allValuesOf, type Candidate, candidatesFor, isCrowded } from "./candidates.ts";

// What a submission can look like, as far as the rules can tell: for each field a set of cells, one for each way in which its tests
// can come out together. A box is a set of cells for each field; a rule is some boxes.

export type Cells = Uint32Array;

/** By number of the field; a field that is not restricted shares the space's own cells. */
export type Box = readonly Cells[];

export interface Space {
  readonly fields: readonly string[];
  /** By field and cell: a value that stands for it; undefined for a missing field. */
  readonly values: readonly (readonly Candidate[])[];
  readonly everything: Box;
  /** The fields of which not everything is tried: a claim that nothing else can be is doubtful there. */
  readonly crowded: ReadonlySet<string>;
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
    const candidates = candidatesFor(field, mineAsTests, rules);
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
    crowded: new Set(
      fields.filter(
        (field) =>
          allValuesOf(field) === undefined && isCrowded(tests.filter((test) => test.field === field)),
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
      const textual = predicatesIn(group).filter(
        ({ field, operator }) => TEXTUAL.has(operator) && allValuesOf(field) === undefined,
      );
      // Not all texts are tried in which several things are found together.
      if (new Set(textual.map(({ field }) => field)).size < textual.length) return undefined;
      return boxesOf(
        group,
        false,
        (predicate, isNot) => literalBox(rules.literalOf(predicate) ^ (isNot ? 1 : 0)),
        everything,
      );
    },
  };
}

const TEXTUAL: ReadonlySet<Operator> = new Set(["contains", "doesNotContain", "beginsWith", "endsWith"]);
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

const overlapsOf = (some: readonly Box[], others: readonly Box[]): Box[] =>
  some.flatMap((a) => others.map((b) => overlap(a, b)).filter((box) => box !== undefined));

/** Boxes that differ in one field are one box. */
function united(boxes: readonly Box[]): readonly Box[] {
  const found: Box[] = [];
  for (let box of boxes) {
    for (let at = 0; at < found.length; at += 1) {
      const together = union(found[at] as Box, box);
      if (together === undefined) continue;
      // What it has become may be united with those before.
      found.splice(at, 1);
      box = together;
      at = -1;
    }
    found.push(box);
  }
  return found;
}

/** Undefined where both together are no box. */
function union(a: Box, b: Box): Box | undefined {
  const outside = (of: Box, other: Box): number[] =>
    [...of.keys()].filter((f) => !isWithin(of[f] as Cells, other[f] as Cells));
  const [mine, its] = [outside(a, b), outside(b, a)];
  if (mine.length === 0) return b;
  if (its.length === 0) return a;
  const [only] = mine;
  if (mine.length > 1 || its.length > 1 || only === undefined || only !== its[0]) return undefined;
  return a.with(
    only,
    (a[only] as Cells).map((word, w) => word | ((b[only] as Cells)[w] as number)),
  );
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

function cellsWhere(count: number, wanted: (cell: number) => boolean): Cells {
  const cells = new Uint32Array(Math.ceil(count / 32));
  for (let cell = 0; cell < count; cell += 1)
    if (wanted(cell)) cells[cell >> 5] = (cells[cell >> 5] as number) | (1 << (cell & 31));
  return cells;
}

/** The cells in both, or with `without` those of the first that are not in the second. */
function joined(a: Cells, b: Cells, without = false): Cells {
  const cells = new Uint32Array(a.length);
  for (let w = 0; w < a.length; w += 1)
    cells[w] = (a[w] as number) & (without ? ~(b[w] as number) : (b[w] as number));
  return cells;
}

function isEmpty(cells: Cells): boolean {
  for (let w = 0; w < cells.length; w += 1) if (cells[w] !== 0) return false;
  return true;
}

function isWithin(a: Cells, b: Cells): boolean {
  if (a === b) return true;
  for (let w = 0; w < a.length; w += 1) if (((a[w] as number) & ~(b[w] as number)) !== 0) return false;
  return true;
}

function touches(a: Cells, b: Cells): boolean {
  if (a === b) return true;
  for (let w = 0; w < a.length; w += 1) if (((a[w] as number) & (b[w] as number)) !== 0) return true;
  return false;
}

export function overlap(a: Box, b: Box): Box | undefined {
  for (let f = 0; f < a.length; f += 1) if (!touches(a[f] as Cells, b[f] as Cells)) return undefined;
  return a.map((cells, f) => (cells === b[f] ? cells : joined(cells, b[f] as Cells)));
}

export const isInside = (box: Box, other: Box): boolean =>
  box.every((cells, f) => isWithin(cells, other[f] as Cells));

export const overlaps = (a: Box, b: Box): boolean => a.every((cells, f) => touches(cells, b[f] as Cells));

/** Counts what a search may still cost; one that is used up has no answer. */
export interface Budget {
  left: number;
  /** The boxes that an answer "covered" rests on are added here. */
  used?: Set<Box>;
}

export class GaveUp extends Error {
  override name = "GaveUp";
}

/** A part of the box that none of the others covers; undefined where together they cover all of it. */
export function uncovered(box: Box, others: readonly Box[], budget: Budget): Box | undefined {
  return search(
    box,
    others.map((other) => ({ box: other, bound: boundFields(other, box) })),
    budget,
  );
}

interface Cover {
  readonly box: Box;
  /** The fields by which a submission can lie outside of it. */
  readonly bound: readonly number[];
}

const boundFields = (other: Box, box: Box): number[] =>
  [...other.keys()].filter((f) => !isWithin(box[f] as Cells, other[f] as Cells));

/**
 * Every submission has to lie outside of each cover by one field at least. A cover with one way out leaves no choice; among those
 * with several, the one with the fewest is tried first.
 */
function search(from: Box, covers: readonly Cover[], budget: Budget): Box | undefined {
  let open = from;
  let left = covers;
  for (;;) {
    const next: Cover[] = [];
    let fewest: { readonly cover: Cover; readonly exits: readonly number[] } | undefined;
    let forced = false;
    budget.left -= left.length + 1;
    if (budget.left < 0) throw new GaveUp("the rules are too many or too entangled to be compared");
    for (const cover of left) {
      const exits = exitsFrom(open, cover);
      if (exits === undefined) continue;
      const [only] = exits;
      if (exits.length < 2) budget.used?.add(cover.box);
      if (only === undefined) return undefined;
      if (exits.length === 1) {
        open = open.with(only, joined(open[only] as Cells, cover.box[only] as Cells, true));
        forced = true;
        continue;
      }
      next.push(cover);
      if (fewest === undefined || exits.length < fewest.exits.length) fewest = { cover, exits };
    }
    left = next;
    if (forced) continue;
    if (fewest === undefined) return open;
    const { cover, exits } = fewest;
    const others = left.filter((one) => one !== cover);
    budget.used?.add(cover.box);
    for (const f of exits) {
      const inside = cover.box[f] as Cells;
      const found = search(open.with(f, joined(open[f] as Cells, inside, true)), others, budget);
      if (found !== undefined) return found;
      open = open.with(f, joined(open[f] as Cells, inside));
    }
    return undefined;
  }
}

/** The fields by which what is open can still get out of the cover; undefined where it is outside already. */
function exitsFrom(open: Box, { box, bound }: Cover): number[] | undefined {
  const exits: number[] = [];
  for (const f of bound) {
    const [mine, its] = [open[f] as Cells, box[f] as Cells];
    if (!touches(mine, its)) return undefined;
    if (!isWithin(mine, its)) exits.push(f);
  }
  return exits;
}
