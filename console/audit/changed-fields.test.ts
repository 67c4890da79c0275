import * as assert from "node:assert/strict";
import { suite } from "uvu";
import { changedFields, changedRules, rulesInWords } from "./changed-fields.ts";

const test = suite("changed fields");

test("a field that was and is alike is no change", () => {
  assert.deepEqual(
    changedFields({ name: "EDU", limits: { per_second: 5 } }, { name: "EDU", limits: { per_second: 5 } }),
    [],
  );
});

test("a nested field is named by its path", () => {
  assert.deepEqual(changedFields({ limits: { per_second: 5 } }, { limits: { per_second: 6 } }), [
    { path: "limits.per_second", was: "5", is: "6" },
  ]);
});

test("what is new has no before, and what is removed no after", () => {
  assert.deepEqual(changedFields(undefined, { name: "EDU" }), [{ path: "name", is: "EDU" }]);
  assert.deepEqual(changedFields({ name: "EDU" }, undefined), [{ path: "name", was: "EDU" }]);
});

test("a rule that moved in the list is compared with itself", () => {
  const [edu, fin] = [
    { id: "edu", priority: 1 },
    { id: "fin", priority: 2 },
  ];
  assert.deepEqual(changedFields({ rules: [edu, fin] }, { rules: [{ ...fin, priority: 3 }, edu] }), [
    { path: "rules.fin.priority", was: "2", is: "3" },
  ]);
});

test("of rules, those that differ are named", () => {
  const rule = (id: string, priority: number) => ({ id, name: `Rule ${id}`, priority });
  assert.deepEqual(
    changedRules(
      { version: 1, rules: [rule("a", 1), rule("b", 2)] },
      { version: 2, rules: [rule("a", 9), rule("d", 4)], moved: ["c"] },
    ),
    [
      { name: "Rule a", change: "changed" },
      { name: "Rule d", change: "added" },
      { name: "Rule b", change: "removed" },
      { name: "c", change: "moved" },
    ],
  );
  assert.deepEqual(changedRules(undefined, { version: 1, rules: [] }), []);
});

test("many rules are counted behind those that are named", () => {
  const rules = [1, 2, 3, 4, 5, 6].map((n) => ({ name: `R${n}`, change: "added" as const }));
  assert.equal(rulesInWords(rules), "R1 added, R2 added, R3 added, R4 added, and 2 more");
});

test.run();
