import { folded } from "./fold.ts";
import type { Group, Operator, Predicate, Rule } from "./rule.ts";

// First match by priority, read straight from the rules. This is the meaning of a rule set: whatever is compiled
// for speed must agree with it.

/** The payload with `kind`, `source`, `person` and `context` beside its own fields. */
export type Facts = Readonly<Record<string, unknown>>;

/** The predicate that settled whether a rule matched; null where an empty group did. */
export interface Because {
  readonly field: string;
  readonly operator: Operator;
  readonly expected: unknown;
  readonly actual: unknown;
}

/** A predicate of a rule with what it met; the groups around it are not counted in `matched`. */
export interface PredicateMet extends Because {
  readonly matched: boolean;
  /** It stands below a negated group, so the rule wants it not to match. */
  readonly negated?: true;
}

export interface RuleVerdict {
  readonly rule: string;
  readonly matched: boolean;
  readonly because: Because | null;
}

export interface Evaluation {
  readonly rule: Rule | undefined;
  readonly explanation: readonly RuleVerdict[];
}

interface Verdict {
  readonly matched: boolean;
  readonly because: Because | null;
}

/** Enabled rules in the order in which they are asked; on equal priority the earlier in the list comes first. */
export function inOrder(rules: readonly Rule[]): Rule[] {
  return rules.filter((rule) => rule.enabled).sort((a, b) => a.priority - b.priority);
}

export function evaluate(rules: readonly Rule[], facts: Facts): Evaluation {
  const explanation: RuleVerdict[] = [];
  for (const rule of inOrder(rules)) {
    const verdict = judgeRule(rule, facts);
    explanation.push(verdict);
    if (verdict.matched) return { rule, explanation };
  }
  return { rule: undefined, explanation };
}

function judgeGroup(group: Group, facts: Facts): Verdict {
  const isAnd = group.combinator === "and";
  let verdict: Verdict = { matched: true, because: null };
  for (const one of group.rules) {
    verdict = "combinator" in one ? judgeGroup(one, facts) : judge(one, facts);
    // An `and` is settled by its first miss, an `or` by its first match.
    if (verdict.matched !== isAnd) break;
  }
  return group.not === true ? { matched: !verdict.matched, because: verdict.because } : verdict;
}

/** Whether one rule matches, whatever others stand before it. */
export function judgeRule({ id, when }: Pick<Rule, "id" | "when">, facts: Facts): RuleVerdict {
  return { rule: id, ...judgeGroup(when, facts) };
}

/** Every predicate, also those behind the one that settled the rule. */
export function predicatesMet(group: Group, facts: Facts, isNegated = false): PredicateMet[] {
  const negates = isNegated !== (group.not === true);
  return group.rules.flatMap((one) => {
    if ("combinator" in one) return predicatesMet(one, facts, negates);
    const { matched, because } = judge(one, facts);
    return { ...because, matched, ...(negates && { negated: true as const }) };
  });
}

/** Whether the group matches, without saying why. */
export const matches = (group: Group, facts: Facts): boolean => judgeGroup(group, facts).matched;

function judge({ field, operator, value }: Predicate, facts: Facts): Verdict & { readonly because: Because } {
  const actual = valueAt(facts, field);
  const matched = holds(operator, actual, value);
  return { matched, because: { field, operator, expected: value ?? null, actual: actual ?? null } };
}

/** Own properties only: `constructor` and its like are no fields of anybody's payload. */
export function valueAt(facts: Facts, path: string): unknown {
  let here: unknown = facts;
  for (const name of path.split(".")) {
    if (typeof here !== "object" || here === null || !Object.hasOwn(here, name)) return undefined;
    here = (here as Record<string, unknown>)[name];
  }
  return here;
}

const isMissing = (value: unknown): boolean =>
  value === undefined || value === null || (typeof value === "string" && value.trim() === "");

const negations: Partial<Record<Operator, Operator>> = {
  "!=": "=",
  notIn: "in",
  doesNotContain: "contains",
  notBetween: "between",
  notNull: "null",
};

export function holds(operator: Operator, actual: unknown, expected: unknown): boolean {
  const opposite = negations[operator];
  if (opposite !== undefined) return !holds(opposite, actual, expected);
  if (isMissing(actual)) return operator === "null";
  const list = Array.isArray(expected) ? expected : [expected];
  switch (operator) {
    case "=":
      return equals(actual, expected);
    case "in":
      return Array.isArray(actual)
        ? actual.some((item) => list.some((one) => equals(item, one)))
        : list.some((one) => equals(actual, one));
    case "contains":
      if (Array.isArray(actual)) return actual.some((item) => equals(item, expected));
      return inText(actual, expected, (text, part) => text.includes(part));
    case "beginsWith":
      return inText(actual, expected, (text, part) => text.startsWith(part));
    case "endsWith":
      return inText(actual, expected, (text, part) => text.endsWith(part));
    case "between":
      return (
        ordered(actual, list[0], (order) => order >= 0) && ordered(actual, list[1], (order) => order <= 0)
      );
    case "<":
      return ordered(actual, expected, (order) => order < 0);
    case "<=":
      return ordered(actual, expected, (order) => order <= 0);
    case ">":
      return ordered(actual, expected, (order) => order > 0);
    case ">=":
      return ordered(actual, expected, (order) => order >= 0);
    case "null":
    case "!=":
    case "notIn":
    case "doesNotContain":
    case "notBetween":
    case "notNull":
      return false;
  }
}

const NUMERIC = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** Negative, zero or positive as `actual` lies before, at or after `expected`; undefined where they don't compare. */
function compare(actual: unknown, expected: unknown): number | undefined {
  if (typeof actual === "object") return undefined;
  if (typeof expected === "number") {
    const number = asNumber(actual);
    return number === undefined ? undefined : number - expected;
  }
  if (typeof expected === "boolean") {
    const truth = typeof actual === "string" ? folded(actual) : String(actual);
    return truth === String(expected) ? 0 : undefined;
  }
  if (typeof expected !== "string") return undefined;
  const [left, right] = [folded(String(actual)), folded(expected)];
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

function asNumber(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  return typeof value === "string" && NUMERIC.test(value.trim()) ? Number(value) : undefined;
}

const equals = (actual: unknown, expected: unknown): boolean => compare(actual, expected) === 0;

function ordered(actual: unknown, expected: unknown, test: (order: number) => boolean): boolean {
  const order = compare(actual, expected);
  return order !== undefined && test(order);
}

function inText(actual: unknown, expected: unknown, test: (text: string, part: string) => boolean): boolean {
  return typeof actual !== "object" && test(folded(String(actual)), folded(String(expected)));
}
