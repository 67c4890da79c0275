import { suite } from "uvu";
import * as assert from "uvu/assert";
import { changed, moved, newId } from "./steps.ts";

const test = suite("steps while they are written");

const hello = { id: "hello", type: "send", partner: "mail" };
const wait = { id: "wait", type: "wait", for: "2d", on_reply: "over" };
const decide = { id: "decide", type: "branch", cases: [{ when: {}, next: "over" }], otherwise: "hello" };
const over = { id: "over", type: "end" };
const steps = [hello, wait, decide, over];

test("who leads to a step follows it to its new id", () => {
  assert.equal(changed(steps, 3, { ...over, id: "done" }), [
    hello,
    { ...wait, on_reply: "done" },
    { ...decide, cases: [{ when: {}, next: "done" }] },
    { ...over, id: "done" },
  ]);
});

test("an id that another step has, or had, takes nobody along", () => {
  assert.equal(changed(steps, 3, { ...over, id: "wait" }), [hello, wait, decide, { ...over, id: "wait" }]);
  assert.equal(changed(steps, 3, { ...over, id: "" }), [hello, wait, decide, { ...over, id: "" }]);
  const twice = [...steps, { id: "over", type: "end" }];
  assert.equal(changed(twice, 4, { id: "away", type: "end" })[1], wait);
});

test("a step changes places with its neighbour", () => {
  assert.equal(moved(steps, 0, 1), [wait, hello, decide, over]);
  assert.equal(moved(steps, 3, -1), [hello, wait, over, decide]);
});

test("a new step has an id of its own", () => {
  assert.is(newId(steps, "send"), "send");
  assert.is(newId(steps, "wait"), "wait-2");
});

test.run();
