import { suite } from "uvu";
import * as assert from "uvu/assert";
import { evaluate, type Facts, holds } from "./evaluate.ts";
import { type Group, type Operator, Rule } from "./rule.ts";

const test = suite("rules: evaluate");

const rule = (id: string, priority: number, when: unknown, to = "edu"): Rule =>
  Rule.parse({ id, name: id, priority, enabled: true, when, route: { to } });
const all = (...rules: unknown[]): unknown => ({ combinator: "and", rules });
const any = (...rules: unknown[]): unknown => ({ combinator: "or", rules });
const is = (field: string, value: unknown): unknown => ({ field, operator: "=", value });
const winner = (rules: Rule[], facts: Facts): string | undefined => evaluate(rules, facts).rule?.id;

const demo = [
  rule("education", 10, all(is("interest", "Education")), "edu"),
  rule("finance", 20, all(is("country", "US"), is("interest", "Finance")), "fin"),
  rule("otherwise", 1000, all(), "fallback"),
];

test("the demo rules send each submission where the business wants it", () => {
  assert.is(winner(demo, { interest: " education " }), "education");
  assert.is(winner(demo, { interest: "Finance", country: "us" }), "finance");
  assert.is(winner(demo, { interest: "Finance", country: "DE" }), "otherwise");
  assert.is(winner(demo, {}), "otherwise");
});

test("the explanation names the predicate that settled each rule", () => {
  assert.equal(evaluate(demo, { interest: "Finance", country: "DE" }).explanation, [
    {
      rule: "education",
      matched: false,
      because: { field: "interest", operator: "=", expected: "Education", actual: "Finance" },
    },
    {
      rule: "finance",
      matched: false,
      because: { field: "country", operator: "=", expected: "US", actual: "DE" },
    },
    { rule: "otherwise", matched: true, because: null },
  ]);
});

test("on equal priority the earlier in the list wins, and a disabled rule never does", () => {
  const [first, second] = [rule("first", 5, all()), rule("second", 5, all())];
  assert.is(winner([first, second], {}), "first");
  assert.is(winner([second, first], {}), "second");
  assert.is(winner([{ ...first, enabled: false }, second], {}), "second");
});

test("an empty group always matches, and never when it is negated", () => {
  const negated = { combinator: "and", not: true, rules: [] };
  assert.is(winner([rule("a", 1, any())], {}), "a");
  assert.is(winner([rule("a", 1, negated)], {}), undefined);
});

test("groups nest, and `not` turns one of them round", () => {
  const when = all(any(is("a", 1), is("b", 1)), { combinator: "and", not: true, rules: [is("c", 1)] });
  assert.is(winner([rule("r", 1, when)], { b: 1 }), "r");
  assert.is(winner([rule("r", 1, when)], { b: 1, c: 1 }), undefined);
  assert.is(winner([rule("r", 1, when)], {}), undefined);
});

test("inherited properties are no fields", () => {
  assert.is(winner([rule("r", 1, all({ field: "constructor", operator: "notNull" }))], {}), undefined);
});

const table: [actual: unknown, operator: Operator, expected: unknown, holds: boolean][] = [
  ["Education", "=", "education ", true],
  ["10", "=", 10, true],
  ["10.0", "<=", 10, true],
  ["ten", "=", 10, false],
  ["ten", "!=", 10, true],
  [9, "<", 10, true],
  ["9", "<", "10", false],
  ["abc", ">", "ABB", true],
  [5, "between", [1, 5], true],
  [6, "between", [1, 5], false],
  [6, "notBetween", [1, 5], true],
  ["x", "in", ["X", "y"], true],
  [["a", "b"], "in", ["B"], true],
  [["a", "b"], "contains", "A", true],
  ["hello world", "contains", "O W", true],
  ["hello", "doesNotContain", "z", true],
  ["hello", "beginsWith", "HE", true],
  ["hello", "endsWith", "lo", true],
  [true, "=", true, true],
  ["true", "=", true, true],
  [true, "=", "true", true],
  ["  ", "null", undefined, true],
  [null, "null", undefined, true],
  [0, "notNull", undefined, true],
  // Ignoring case is Unicode's lower case of no particular language …
  ["ISTANBUL", "=", "istanbul", true],
  ["İstanbul", "=", "istanbul", false],
  ["İSTANBUL", "=", "i̇stanbul", true],
  ["ısı", "=", "isi", false],
  ["STRAẞE", "=", "straße", true],
  ["STRASSE", "=", "straße", false],
  // … in which the sigma at the end of a word is the one within it.
  ["ΟΔΟΣ", "=", "οδος", true],
  ["ΟΔΟΣΑΣ", "beginsWith", "ΟΔΟΣ", true],
  ["οδοσα", "contains", "ΟΔΟΣ", true],
  ["e\u0301", "=", "é", false],
  // A list is no text, and an object nothing that compares.
  [["true"], "=", true, false],
  [{ toString: "true" }, "=", true, false],
  [["edu"], "=", "edu", false],
  ["2026-02-01T10:00:00Z", ">", "2026-01-31", true],
];
for (const [actual, operator, expected, answer] of table) {
  test(`${JSON.stringify(actual)} ${operator} ${JSON.stringify(expected)} is ${answer}`, () => {
    assert.is(holds(operator, actual, expected), answer);
  });
}

test("a missing field satisfies only the operators that say what it is not", () => {
  const values: Partial<Record<Operator, unknown>> = {
    in: ["a"],
    notIn: ["a"],
    between: [1, 2],
    notBetween: [1, 2],
  };
  const satisfied = (
    ["=", "!=", "<", "<=", ">", ">=", "in", "notIn", "contains", "doesNotContain"] as Operator[]
  )
    .concat(["beginsWith", "endsWith", "between", "notBetween", "null", "notNull"])
    .filter((operator) => holds(operator, undefined, values[operator] ?? "a"));
  assert.equal(satisfied, ["!=", "notIn", "doesNotContain", "notBetween", "null"]);
});

test("what makes no sense is refused with its path", () => {
  const problem = (when: Group | unknown): string => {
    const parsed = Rule.safeParse({
      id: "r",
      name: "r",
      priority: 1,
      enabled: true,
      when,
      route: { to: "edu" },
    });
    return parsed.success ? "fine" : JSON.stringify(parsed.error.issues);
  };
  assert.match(problem(all({ field: "a", operator: "between", value: [5, 1] })), "reversed");
  assert.match(problem(all({ field: "a", operator: "between", value: ["b", "A"] })), "reversed");
  assert.is(problem(all({ field: "a", operator: "between", value: ["a", "B"] })), "fine");
  assert.match(problem(all({ field: "a", operator: "<", value: Number.POSITIVE_INFINITY })), "number");
  assert.match(problem(all({ field: "a", operator: "resembles", value: 1 })), "operator");
  assert.match(problem(all({ field: "a..b", operator: "=", value: 1 })), "field");
});

test.run();
