import type { Group, Rule } from "../rule.ts";
import {
  type Bound,
  classify,
  constantsOf,
  holdsAt,
  placesAmong,
  spellingsOf,
  type TestClass,
} from "./classes.ts";
import { type Conjunction, isNegated, type Literal, type NormalForm, type Test, testOf } from "./literals.ts";

// The decision tree: each node looks at one field once, and what it finds leaves fewer rules to choose from. Where no field tells
// most of the remaining rules apart, a branch would only repeat them; there the rest is one table in which all fields are looked up.

export type Node =
  | { readonly type: "decided"; readonly rule: Rule | undefined }
  | {
      readonly type: "text";
      readonly field: string;
      readonly cases: ReadonlyMap<string, Node>;
      /** The texts as the rules write them. */
      readonly spellings: readonly string[];
      /** Any other text, what is no text, and a missing field. */
      readonly otherwise: Node;
      /** Whether a list can hold what is asked for. */
      readonly takesLists: boolean;
    }
  | {
      readonly type: "number" | "order";
      readonly field: string;
      /** Sorted. */
      readonly bounds: readonly Bound[];
      /** Before the first bound, at it, after it and before the second, at the second … */
      readonly places: readonly Node[];
      /** What can't be compared, and a missing field. */
      readonly otherwise: Node;
      readonly takesLists: boolean;
    }
  | { readonly type: "test"; readonly test: Test; readonly yes: Node; readonly no: Node }
  /** Asked in this order: the first that holds decides. */
  | { readonly type: "list"; readonly entries: readonly ListEntry[] }
  /** The same for many, with all their tests answered by class. */
  | { readonly type: "table"; readonly entries: readonly ListEntry[] };

export interface ListEntry {
  readonly rule: Rule;
  readonly tests: readonly { readonly test: Test; readonly holds: boolean }[];
  readonly group: Group | undefined;
}

/** How often a field's tests were seen to tell submissions apart, from 0 to 1; a class without a figure counts as 0.5. */
export type Selectivity = (testClass: TestClass) => number;

export interface Tree {
  readonly root: Node;
  readonly nodes: number;
}

/** So few are asked one by one. */
const MAX_LIST = 3;
/** A branch is worth it when so many of the rest ask about its field. */
const MIN_COVERAGE = 0.5;
const MAX_NODES = 5_000;
const MAX_WORK = 3_000_000;

interface Item {
  readonly of: Conjunction;
  readonly literals: readonly Literal[];
}

export function buildTree({ tests, conjunctions }: NormalForm, selectivity: Selectivity = () => 0.5): Tree {
  const { classes, classOf } = classify(tests);
  const shared = new Map<string, Node>();
  let nodes = 0;
  let work = 0;

  function build(given: readonly Item[]): Node {
    const items = upToTheFirstCertain(given);
    const [first] = items;
    if (first === undefined) return { type: "decided", rule: undefined };
    if (isCertain(first)) return { type: "decided", rule: first.of.rule };
    const key = items.map(({ of, literals }) => `${of.rule.id} ${literals.join(",")}`).join(";");
    const known = shared.get(key);
    if (known !== undefined) return known;
    nodes += 1;
    work += items.length;
    const chosen = nodes > MAX_NODES || work > MAX_WORK ? undefined : choose(items);
    const node = chosen === undefined ? rest(items) : branch(chosen, items);
    shared.set(key, node);
    return node;
  }

  /** The class that most of them ask about; where two are asked as often, the one that tells more apart. */
  function choose(items: readonly Item[]): number | undefined {
    const asked = new Map<number, number>();
    for (const { literals } of items)
      for (const one of new Set(literals.map((literal) => classOf[testOf(literal)] as number)))
        asked.set(one, (asked.get(one) ?? 0) + 1);
    let best: number | undefined;
    let most = 0;
    for (const [one, count] of asked) {
      const gain = count * (0.5 + selectivity(classes[one] as TestClass));
      if (count >= items.length * MIN_COVERAGE && gain > most) [best, most] = [one, gain];
    }
    return best;
  }

  function branch(chosen: number, items: readonly Item[]): Node {
    const testClass = classes[chosen] as TestClass;
    const { field } = testClass;
    const asked = [...new Set(items.flatMap(({ literals }) => literals.map(testOf)))].filter(
      (test) => classOf[test] === chosen,
    );
    const after = (holds: (test: number) => boolean): Node => {
      work += items.length;
      return build(items.flatMap((item) => remaining(item, chosen, holds) ?? []));
    };
    if (testClass.kind === "single") {
      const test = tests[testClass.test] as Test;
      return { type: "test", test, yes: after(() => true), no: after(() => false) };
    }
    const otherwise = after(() => false);
    const takesLists = asked.some((test) => (tests[test] as Test).operator === "in");
    if (testClass.kind === "text") {
      const constants = new Map<string, Set<number>>();
      for (const test of asked)
        for (const constant of constantsOf(tests[test] as Test) as string[])
          constants.set(constant, (constants.get(constant) ?? new Set()).add(test));
      const cases = new Map(
        [...constants].map(([constant, those]) => [constant, after((test) => those.has(test))]),
      );
      const spellings = asked.flatMap((test) => spellingsOf(tests[test] as Test));
      return { type: "text", field, cases, spellings, otherwise, takesLists };
    }
    const bounds = boundsOf(asked.map((test) => tests[test] as Test));
    const indexOf = new Map(bounds.map((bound, n) => [bound, n]));
    const places = Array.from({ length: placesAmong(bounds.length) }, (_, place) =>
      after((test) => holdsAt(tests[test] as Test, place, indexOf)),
    );
    return { type: testClass.kind, field, bounds, places, otherwise, takesLists };
  }

  /** What is left to ask of it, once the class is known; undefined where it can't hold any more. */
  function remaining(item: Item, known: number, holds: (test: number) => boolean): Item | undefined {
    const open: Literal[] = [];
    for (const literal of item.literals) {
      const test = testOf(literal);
      if (classOf[test] !== known) open.push(literal);
      else if (holds(test) === isNegated(literal)) return undefined;
    }
    return open.length === item.literals.length ? item : { of: item.of, literals: open };
  }

  function rest(items: readonly Item[]): Node {
    const entries = items.map(
      ({ of, literals }): ListEntry => ({
        rule: of.rule,
        tests: literals.map((literal) => ({
          test: tests[testOf(literal)] as Test,
          holds: !isNegated(literal),
        })),
        group: of.group,
      }),
    );
    return { type: items.length <= MAX_LIST ? "list" : "table", entries };
  }

  const root = build(conjunctions.map((of) => ({ of, literals: of.literals })));
  return { root, nodes };
}

const isCertain = ({ of, literals }: Item): boolean => literals.length === 0 && of.group === undefined;

/** Nothing after one that certainly holds is ever reached. */
function upToTheFirstCertain(items: readonly Item[]): readonly Item[] {
  const at = items.findIndex(isCertain);
  return at < 0 ? items : items.slice(0, at + 1);
}

export function boundsOf(tests: readonly Test[]): Bound[] {
  const bounds = [...new Set(tests.flatMap(constantsOf))];
  return bounds.sort((a, b) => (a < b ? -1 : 1));
}
