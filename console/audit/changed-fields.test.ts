import * as assert from "node:assert/strict";
import { suite } from "uvu";
import { changedFields } from "./changed-fields.ts";

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

test.run();
