import { inOrder } from "../evaluate.ts";
import type { Group, Operator, Predicate, Rule } from "../rule.ts";

// Rules as lists of conjunctions: a rule matches when all literals of one of its conjunctions hold. Predicates that several rules
// share exist once.

/** A predicate that is never written in its negated form. */
export interface Test {
  readonly field: string;
  readonly operator: PositiveOperator;
  readonly value: unknown;
}

export type PositiveOperator = Exclude<
  Operator,
  "!=" | "notIn" | "doesNotContain" | "notBetween" | "notNull"
>;

/** The number of a test, twice, plus one where it must not hold. */
export type Literal = number;
export const testOf = (literal: Literal): number => literal >> 1;
export const isNegated = (literal: Literal): boolean => (literal & 1) === 1;
const negation = (literal: Literal): Literal => literal ^ 1;

export interface Conjunction {
  readonly rule: Rule;
  /** Sorted, each once; empty where it always holds. */
  readonly literals: readonly Literal[];
  /** In place of literals where the rule has too many conjunctions to be written out: then the rule is asked as it stands. */
  readonly group: Group | undefined;
}

export interface NormalForm {
  readonly tests: readonly Test[];
  /** In the order in which they are asked: the first that holds decides. */
  readonly conjunctions: readonly Conjunction[];
  literalOf(predicate: Predicate): Literal;
}

/** More than any person writes; a rule beyond it is evaluated as it stands. */
const MAX_CONJUNCTIONS = 64;

export function normalForm(rules: readonly Rule[]): NormalForm {
  const tests: Test[] = [];
  const numbers = new Map<string, number>();
  const literalOf = ({ field, operator, value }: Predicate): Literal => {
    const [positive, negated] = positiveOf(operator);
    const test = { field, operator: positive, value: value ?? null };
    const key = JSON.stringify(test);
    let number = numbers.get(key);
    if (number === undefined) {
      number = tests.push(test) - 1;
      numbers.set(key, number);
    }
    return number * 2 + negated;
  };
  const conjunctions = inOrder(rules).flatMap((rule): Conjunction[] => {
    for (const predicate of predicatesIn(rule.when)) literalOf(predicate);
    const all = conjunctionsOf(rule.when, false, literalOf);
    if (all === undefined) return [{ rule, literals: [], group: rule.when }];
    return all.map((literals) => ({ rule, literals, group: undefined }));
  });
  return { tests, conjunctions, literalOf };
}

const POSITIVE: Partial<Record<Operator, PositiveOperator>> = {
  "!=": "=",
  notIn: "in",
  doesNotContain: "contains",
  notBetween: "between",
  notNull: "null",
};

function positiveOf(operator: Operator): readonly [PositiveOperator, 0 | 1] {
  const positive = POSITIVE[operator];
  return positive === undefined ? [operator as PositiveOperator, 0] : [positive, 1];
}

export const predicatesIn = (group: Group): Predicate[] =>
  group.rules.flatMap((one) => ("combinator" in one ? predicatesIn(one) : [one]));

type Literals = readonly Literal[];

/** Undefined where there are too many. `negated` pushes an outer `not` inwards. */
function conjunctionsOf(
  group: Group,
  negated: boolean,
  literalOf: (predicate: Predicate) => Literal,
): Literals[] | undefined {
  const isNot = negated !== (group.not === true);
  // An empty group always matches, whatever joins it.
  if (group.rules.length === 0) return isNot ? [] : [[]];
  const isAnd = (group.combinator === "and") !== isNot;
  let joined: Literals[] = isAnd ? [[]] : [];
  for (const one of group.rules) {
    const parts =
      "combinator" in one
        ? conjunctionsOf(one, isNot, literalOf)
        : [[isNot ? negation(literalOf(one)) : literalOf(one)]];
    if (parts === undefined) return undefined;
    joined = isAnd ? both(joined, parts) : [...joined, ...parts];
    if (joined.length > MAX_CONJUNCTIONS) return undefined;
  }
  return joined;
}

function both(left: readonly Literals[], right: readonly Literals[]): Literals[] {
  const joined: Literals[] = [];
  for (const a of left)
    for (const b of right) {
      const together = [...new Set([...a, ...b])].sort((x, y) => x - y);
      // One that asks for a thing and its opposite never holds.
      if (!together.some((literal) => !isNegated(literal) && together.includes(negation(literal))))
        joined.push(together);
      if (joined.length > MAX_CONJUNCTIONS) return joined;
    }
  return joined;
}
