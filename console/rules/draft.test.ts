import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Rule } from "../api/shapes.ts";
import { changes, idFor, inOrder, moved, priorityForNew, rebased } from "./draft.ts";

const test = suite("a draft of the rules");

const rule = (id: string, priority: number, more: Partial<Rule> = {}): Rule => ({
  id,
  name: id,
  priority,
  enabled: true,
  when: { combinator: "and", rules: [{ field: "interest", operator: "=", value: id }] },
  route: { to: "edu" },
  ...more,
});
const [a, b, c] = [rule("a", 10), rule("b", 20), rule("c", 30)];
const order = (rules: readonly Rule[]): string[] =>
  inOrder(rules).map(({ id, priority }) => `${id} ${priority}`);

test("a rule that is moved gets a priority between its neighbours, and only that changes", () => {
  assert.equal(order(moved([a, b, c], "c", 1)), ["a 10", "c 15", "b 20"]);
  assert.equal(order(moved([a, b, c], "c", 0)), ["c 0", "a 10", "b 20"]);
  assert.equal(order(moved([a, b, c], "a", 2)), ["b 20", "c 30", "a 40"]);
});

test("only the rule that was moved is a change", () => {
  const found = changes([a, b, c], moved([a, b, c], "c", 0));
  assert.equal(
    found.map(({ rule: id, change }) => `${id} ${change}`),
    ["c changed"],
  );
});

test("where there is no room, all get new priorities", () => {
  const close = [rule("a", 1), rule("b", 2), rule("c", 3)];
  assert.equal(order(moved(close, "c", 1)), ["a 10", "c 20", "b 30"]);
});

test("a new rule comes before the one that takes all that is left", () => {
  const rest = rule("rest", 1000, { when: { combinator: "and", rules: [] } });
  const priority = priorityForNew([a, b, rest]);
  assert.ok(priority > 20 && priority < 1000);
  assert.is(priorityForNew([]), 10);
});

test("an id is made from the name, and is nobody else's", () => {
  assert.is(idFor("Éducation → EDU!", []), "education-edu");
  assert.is(idFor("a", [a]), "a-2");
  assert.is(idFor("History", []), "history-2");
  assert.is(idFor("…", []), "rule");
});

test("a rebase keeps what a colleague published and what the draft changed", () => {
  const draft = { base: { version: 1, rules: [a, b] }, rules: [a, { ...b, name: "mine" }, c] };
  const live = { version: 2, rules: [{ ...a, name: "theirs" }, b] };
  const { draft: after, both } = rebased(draft, live);
  assert.equal(after.base, live);
  assert.equal(both, []);
  assert.equal(
    after.rules.map(({ name }) => name),
    ["theirs", "mine", "c"],
  );
});

test("a rebase says which rules both have changed, and keeps the draft's", () => {
  const draft = { base: { version: 1, rules: [a, b] }, rules: [{ ...a, name: "mine" }] };
  const live = {
    version: 2,
    rules: [
      { ...a, name: "theirs" },
      { ...b, name: "theirs" },
    ],
  };
  const { draft: after, both } = rebased(draft, live);
  assert.equal([...both].sort(), ["a", "b"]);
  assert.equal(
    after.rules.map(({ name }) => name),
    ["mine"],
  );
  assert.equal(
    changes(live.rules, after.rules).map(({ rule: id, change }) => `${id} ${change}`),
    ["a changed", "b removed"],
  );
});

test.run();
