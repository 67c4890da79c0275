import { suite } from "uvu";
import * as assert from "uvu/assert";
import { evaluate, matches } from "../evaluate.ts";
import { Rule } from "../rule.ts";
import { checkRules } from "./check.ts";

const check = suite("check of rules");

const rule = (id: string, priority: number, predicates: unknown[], to = "edu"): Rule =>
  Rule.parse({
    id,
    name: id,
    priority,
    enabled: true,
    when: { combinator: "and", rules: predicates },
    route: { to },
  });
const test = (field: string, operator: string, value?: unknown): unknown => ({ field, operator, value });

check("finds two rules of equal priority that want the same submission elsewhere", () => {
  const rules = [
    rule("a", 1, [test("interest", "=", "Education")], "edu"),
    rule("b", 1, [test("age", ">", 17)], "fin"),
    rule("c", 2, [], "fallback"),
  ];
  const [conflict, ...others] = checkRules(rules).conflicts;
  assert.equal(others, []);
  assert.equal(conflict?.rules, ["a", "b"]);
  for (const one of rules.slice(0, 2)) assert.ok(matches(one.when, conflict?.witness ?? {}));
});

check("finds a rule that several before it leave nothing for, though none of them alone does", () => {
  const rules = [
    rule("young", 1, [test("age", "<", 30)]),
    rule("old", 2, [test("age", ">=", 30)]),
    rule("any", 3, [test("age", "between", [18, 99])], "fin"),
  ];
  const { shadowed } = checkRules(rules);
  assert.equal(
    shadowed.map(({ rule: id, by }) => [id, by]),
    [["any", ["young", "old"]]],
  );
});

check("knows that a submission may be nobody's, but a lead is always somebody's", () => {
  const unknown = rule("unknown", 1, [test("person.lead_count", "null")], "edu");
  const sales = rule("sales", 1, [test("topic", "=", "sales")], "fin");
  const { conflicts, impossible } = checkRules([unknown, sales]);
  assert.equal(impossible, []);
  assert.equal(
    conflicts.map(({ rules: ids, witness }) => [ids, witness]),
    [[["unknown", "sales"], { topic: "sales" }]],
  );
  const known = [rule("known", 1, [test("person.lead_count", ">=", 1)])];
  assert.equal(
    checkRules(known).gaps.map(({ witness }) => witness),
    [{ kind: "assistance" }, { kind: "event" }],
  );
});

check("finds predicates that can't hold together, and names them", () => {
  const rules = [
    rule("never", 1, [test("country", "=", "US"), test("age", ">", 50), test("age", "<", 40)]),
    rule("all", 2, []),
  ];
  assert.equal(checkRules(rules).impossible, [
    {
      rule: "never",
      because: [
        { field: "age", operator: ">", value: 50 },
        { field: "age", operator: "<", value: 40 },
      ],
    },
  ]);
});

check("finds what no rule takes, kind by kind", () => {
  const rules = [
    rule("leads", 1, [test("kind", "=", "lead")]),
    rule("sales", 2, [test("kind", "=", "assistance"), test("topic", "=", "sales")]),
    rule("events", 3, [test("kind", "=", "event")]),
  ];
  const { gaps } = checkRules(rules);
  assert.equal(
    gaps.map(({ witness }) => witness.kind),
    ["assistance"],
  );
  assert.is(evaluate(rules, gaps[0]?.witness ?? {}).rule, undefined);
  assert.equal(checkRules([...rules, rule("rest", 4, [])]).gaps, []);
});

check("finds rules that say the same in other words", () => {
  const rules = [
    rule("a", 1, [test("age", ">=", 18), test("age", "<=", 65)]),
    rule("b", 2, [test("age", "between", [18, 65])], "fin"),
    rule("c", 3, [test("age", "between", [18, 66])], "fin"),
  ];
  assert.equal(
    checkRules(rules).duplicates.map((one) => one.rules),
    [["a", "b"]],
  );
});

check("has nothing to say against the demo rules", () => {
  const found = checkRules([
    rule("education", 10, [test("interest", "=", "Education")], "edu"),
    rule("finance", 20, [test("country", "=", "US"), test("interest", "=", "Finance")], "fin"),
    rule("otherwise", 1000, [], "fallback"),
  ]);
  assert.equal(Object.values(found).flat(), []);
});

check("knows that a field within another is there only where the other is an object", () => {
  const rules = [
    rule("never", 1, [test("address", "=", "x"), test("address.zip", "notNull")]),
    rule("text", 2, [test("address", "=", "x")], "fin"),
    rule("zip", 2, [test("address.zip", "=", "5")]),
    rule("zip-again", 3, [test("address.zip", "=", "5"), test("address", "!=", "x")]),
  ];
  const { impossible, conflicts, duplicates } = checkRules(rules);
  assert.equal(
    impossible.map((one) => one.rule),
    ["never"],
  );
  assert.equal(conflicts, []);
  assert.equal(
    duplicates.map((one) => one.rules),
    [["zip", "zip-again"]],
  );
});

check("says of deep groups what it says of the same rule written simply", () => {
  const deep = (depth: number): Rule["when"]["rules"][number] =>
    depth === 0
      ? ({ field: "age", operator: "between", value: [18, 65] } as const)
      : {
          combinator: depth % 2 === 0 ? "and" : "or",
          rules: [
            deep(depth - 1),
            { field: "age", operator: "<", value: depth % 2 === 0 ? 70 : 10 },
            deep(depth - 1),
          ],
        };
  const rules = [rule("deep", 1, [deep(7)]), rule("simple", 2, [test("age", "between", [20, 30])], "fin")];
  const { shadowed, gave_up } = checkRules(rules);
  assert.equal(gave_up, []);
  assert.equal(
    shadowed.map((one) => [one.rule, one.by]),
    [["simple", ["deep"]]],
  );
});

check("claims nothing of a crowded field that a text with two of its words would disprove", () => {
  const words = Array.from({ length: 50 }, (_, n) =>
    rule(`word-${n}`, n, [test("text", "contains", `word${n}`)]),
  );
  const rules = [
    ...words.slice(0, 1),
    rule("not-both", 100, [test("text", "contains", "red"), test("text", "doesNotContain", "blue")]),
    rule("red", 101, [test("text", "contains", "red")]),
    rule("red-again", 102, [test("text", "contains", "RED ")]),
    rule("blue", 103, [test("text", "contains", "blue")]),
  ];
  const said = (some: Rule[]) => {
    const { shadowed, duplicates, gave_up } = checkRules(some);
    return [
      shadowed.map((one) => [one.rule, one.by]),
      duplicates.map((one) => one.rules),
      gave_up.map((one) => one.what),
    ];
  };
  const findings = [[["red-again", ["red"]]], [["red", "red-again"]]];
  assert.equal(said(rules), [...findings, []]);
  assert.equal(said([...words, ...rules.slice(1)]), [...findings, []]);
});

check("knows that a text may have more in it than what is looked for", () => {
  const impossible = (...predicates: unknown[]) =>
    checkRules([rule("one", 1, predicates)]).impossible.length > 0;
  assert.not.ok(impossible(test("name", "beginsWith", "x"), test("name", "!=", "x")));
  assert.not.ok(impossible(test("name", "contains", "a"), test("name", ">", "m")));
  assert.not.ok(impossible(test("name", "beginsWith", "m"), test("name", "<", "n"), test("name", ">", "ma")));
  assert.not.ok(impossible(test("name", "contains", "w12"), test("name", "doesNotContain", "w1")));
  const isText = test("name", "beginsWith", "w");
  assert.ok(impossible(isText, test("name", "contains", "w12"), test("name", "doesNotContain", "w1")));
  assert.ok(impossible(test("name", "=", "w1"), test("name", "endsWith", "2")));
});

/** A group of so many words, as deep as it is given: each can hold in many ways, or not at all. */
function deepGroup(words: readonly string[], depth: number): unknown {
  if (depth === 0) return test("text", "contains", words[0]);
  const half = Math.ceil(words.length / 2);
  return {
    combinator: depth % 2 === 0 ? "and" : "or",
    not: depth % 3 === 0,
    rules: [
      deepGroup(words.slice(0, half), depth - 1),
      deepGroup(words.slice(half), depth - 1),
      test("text", "contains", words.at(-1)),
    ],
  };
}

check("compares deep groups of many words in one field", () => {
  const wordsOf = (n: number) => Array.from({ length: 64 }, (_, k) => `w${(n * 7 + k * 11) % 400}`);
  const deep = (n: number) => deepGroup(wordsOf(n), 6);
  const many = Array.from({ length: 100 }, (_, n) =>
    rule(`deep-${n}`, n, [deep(n), test("text", "contains", `own${n}`)]),
  );
  const rules = [
    ...many,
    rule("as-the-third", 200, [deep(3), test("text", "contains", "OWN3")], "fin"),
    rule("both", 201, [deep(4), deep(5), test("text", "contains", "own4")], "fin"),
    rule("never", 202, [deep(6), { combinator: "and", not: true, rules: [deep(6)] }], "fin"),
    rule("meets", 99, [deep(7), deep(8)], "fin"),
  ];
  const { gave_up, duplicates, shadowed, impossible, conflicts } = checkRules(rules);
  assert.equal(gave_up, []);
  assert.equal(
    [duplicates.map((one) => one.rules), shadowed.map((one) => [one.rule, one.by])],
    [
      [["deep-3", "as-the-third"]],
      [
        ["as-the-third", ["deep-3"]],
        ["both", ["deep-4"]],
      ],
    ],
  );
  assert.equal(
    [impossible.map((one) => one.rule), conflicts.map((one) => one.rules)],
    [["never"], [["deep-99", "meets"]]],
  );
  const both = rules.filter(({ id }) => id === "deep-99" || id === "meets");
  for (const { when } of both) assert.ok(matches(when, conflicts[0]?.witness ?? {}));
});

check("says when it gives up, instead of searching for ever", () => {
  const rules = Array.from({ length: 60 }, (_, n) =>
    rule(
      `r${n}`,
      n,
      Array.from({ length: 4 }, (_, k) => test(`f${(n * 7 + k * 3) % 20}`, "!=", `v${(n + k) % 3}`)),
    ),
  );
  const began = performance.now();
  checkRules([...rules, rule("last", 100, [], "fin")]);
  assert.ok(performance.now() - began < 30_000);
});

check("says what lists can hold, however many sets want an item of theirs", () => {
  const [some, more] = [
    ["a", "b", "c", "d"],
    ["a", "a", "b", "c"],
  ];
  const wanted = [some, more, [...some, "e"]].map((set) => test("tags", "in", set));
  const rules = [
    rule("first", 1, [test("tags", "endsWith", "b")]),
    rule("list", 2, [...wanted, test("tags", "notIn", ["a"]), test("tags", "contains", "d")]),
    rule("never", 3, [...wanted, test("tags", "in", ["a"]), test("tags", "endsWith", "b")]),
  ];
  const { gave_up, impossible, shadowed } = checkRules(rules);
  assert.equal([gave_up, shadowed], [[], []]);
  assert.equal(
    impossible.map((one) => one.rule),
    ["never"],
  );
});

check.run();
