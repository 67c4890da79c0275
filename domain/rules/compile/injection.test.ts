import { suite } from "uvu";
import * as assert from "uvu/assert";
import { decideByTree } from "../../fixtures/decide-by-tree.ts";
import { hostileTexts } from "../../fixtures/hostile-texts.ts";
import { checkRules } from "../check/check.ts";
import { evaluate } from "../evaluate.ts";
import { explain } from "../explain.ts";
import { operators, type Rule } from "../rule.ts";
import { compileRules, loadRules } from "./compile.ts";

const test = suite("what people write in rules");

const CANARY = "ruleCanary";
const canaries = globalThis as unknown as Record<string, unknown>;
const hostile = hostileTexts(CANARY);

const valueFor = (operator: string, text: string): unknown => {
  if (/[bB]etween/.test(operator)) return [text, `${text}~`];
  return /^(in|notIn)$/.test(operator) ? [text, "x", 5] : text;
};

/** Not validated, as if the schema had let everything through. */
const ruleOf = (n: number, field: string, operator: string, text: string): Rule =>
  ({
    id: text,
    name: text,
    priority: n,
    enabled: true,
    when: { combinator: "and", rules: [{ field, operator, value: valueFor(operator, text) }] },
    route: { to: text },
  }) as unknown as Rule;

/** Facts in which the field is there, as an own property on every level. */
function factsWith(field: string, value: unknown): Record<string, unknown> {
  const names = field.split(".").toReversed();
  const inner = names.reduce<unknown>((of, name) => {
    const around = {};
    return Object.defineProperty(around, name, { value: of, enumerable: true });
  }, value);
  return inner as Record<string, unknown>;
}

function assertNothingHappened(what: string): void {
  assert.not.ok(CANARY in canaries, `${what} ran code`);
  assert.is(({} as Record<string, unknown>)[CANARY], undefined, `${what} polluted every object`);
  assert.equal(Object.keys(Object.prototype), []);
}

test("stays a value in code, tree, check and explanation, whatever the operator", () => {
  for (const text of hostile) {
    const rules = operators.map((operator, n) => ruleOf(n, "interest", operator, text));
    for (const some of [...rules.map((rule) => [rule]), rules.toReversed()]) {
      const { source, tree } = compileRules(some);
      const decide = loadRules(source, some);
      for (const interest of [text, `a${text}b`, [text], undefined, "x"]) {
        const facts = { interest };
        const expected = evaluate(some, facts).rule;
        assert.is(decide(facts), expected);
        assert.is(decideByTree(tree.root, facts, some), expected);
        assert.is(explain(some, facts).rule, expected?.id ?? null);
      }
      JSON.parse(JSON.stringify([checkRules(some), [...hostile]]));
      assertNothingHappened(JSON.stringify(text));
    }
  }
});

test("stays a name where it stands for a field", () => {
  for (const field of hostile) {
    const rules = operators.map((operator, n) => ruleOf(n, field, operator, "x"));
    for (const some of [...rules.map((rule) => [rule]), rules]) {
      const { source, tree } = compileRules(some);
      const decide = loadRules(source, some);
      for (const facts of [
        {},
        { constructor: {} },
        ...["x", "y", 5, ["x"]].map((one) => factsWith(field, one)),
      ]) {
        const expected = evaluate(some, facts).rule;
        assert.is(decide(facts), expected, field);
        assert.is(decideByTree(tree.root, facts, some), expected);
      }
      checkRules(some);
      assertNothingHappened(JSON.stringify(field));
    }
  }
});

test("stays a value in large tables and in branches", () => {
  const many = hostile.flatMap((text, n) =>
    ["=", "in", "contains", "between", "<"].map((operator, k) =>
      ruleOf(n * 5 + k, k % 2 === 0 ? "interest" : text, operator, text),
    ),
  );
  const decide = loadRules(compileRules(many).source, many);
  for (const text of hostile)
    for (const facts of [{ interest: text }, factsWith(text, text)])
      assert.is(decide(facts), evaluate(many, facts).rule);
  assertNothingHappened("a large set");
});

test("a canary that does run is seen", () => {
  new Function(`globalThis.${CANARY} = 1`)();
  let wasSeen = false;
  try {
    assertNothingHappened("this");
  } catch {
    wasSeen = true;
  }
  delete canaries[CANARY];
  assert.ok(wasSeen);
});

test.run();
