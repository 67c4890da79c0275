import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CampaignDefinition } from "./definition.ts";
import { definitionErrors } from "./graph.ts";

const test = suite("a campaign's steps as a graph");

const errorsOf = (steps: object[], more: object = {}): string[] =>
  definitionErrors(CampaignDefinition.parse({ name: "c", steps, ...more })).map(
    ({ path, message }) => `${path} ${message}`,
  );
const send = (id: string, more: object = {}) => ({ id, type: "send", partner: "mails", ...more });
const wait = (id: string, more: object = {}) => ({ id, type: "wait", for: "1h", ...more });
const always = { combinator: "and", rules: [] };

test("one step after the other is fine, and so is a loop that waits", () => {
  assert.equal(errorsOf([send("a"), wait("b"), send("c")]), []);
  const often = { id: "often", type: "branch", cases: [{ when: always, next: "a" }], otherwise: "end" };
  assert.equal(errorsOf([send("a"), wait("b"), often, { id: "end", type: "end" }]), []);
});

test("what leads to no step is named, with its path", () => {
  const branch = { id: "b", type: "branch", cases: [{ when: always, next: "x" }], otherwise: "y" };
  assert.equal(errorsOf([send("a", { next: "z" }), branch, wait("c", { on_reply: "w" })]), [
    "steps.0.next names no step of this campaign: z",
    "steps.1.cases.0.next names no step of this campaign: x",
    "steps.1.otherwise names no step of this campaign: y",
    "steps.2.on_reply names no step of this campaign: w",
  ]);
});

test("a step that is named twice, can't be reached, or goes round without a wait or without an end", () => {
  assert.equal(errorsOf([send("a"), send("a")]), ["steps.1.id is the id of an earlier step too: a"]);
  assert.equal(errorsOf([{ id: "end", type: "end" }, send("b")]), [
    "steps.1 can never be reached: no step leads to b",
  ]);
  assert.equal(errorsOf([send("a"), send("b", { next: "a" })]), [
    "steps.0 comes back to itself without a wait on the way: a",
    "steps.1 comes back to itself without a wait on the way: b",
    "steps.0 leads to no end: whoever comes to a would go round for ever",
    "steps.1 leads to no end: whoever comes to b would go round for ever",
  ]);
  assert.equal(errorsOf([wait("a", { next: "a" })]), [
    "steps.0 leads to no end: whoever comes to a would go round for ever",
  ]);
});

test("a wait needs one time, templates are templates, and quiet hours leave some of the week", () => {
  assert.equal(errorsOf([{ id: "a", type: "wait" }]), ["steps.0 needs either for or until"]);
  assert.equal(errorsOf([send("a", { template: { text: "Dear {{name" } })]), [
    "steps.0.template.text has a {{ that begins no place: write {{path}}",
  ]);
  const all = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
  const quiet = (from: string, to: string, days = all) => ({
    quiet: { time_zone: "Europe/Berlin", hours: [{ days, from, to }] },
  });
  assert.equal(errorsOf([send("a")], quiet("20:00", "08:00")), []);
  assert.equal(errorsOf([send("a")], quiet("00:00", "24:00")), [
    "quiet.hours cover the whole week, so that nothing could ever be sent",
  ]);
  assert.equal(errorsOf([send("a")], quiet("8", "9:00", ["funday"])), [
    "quiet.hours.0.days.0 is no day; use one of sun, mon, tue, wed, thu, fri, sat",
    "quiet.hours.0.from is no time; use one like 09:00",
    "quiet.hours.0.to is no time; use one like 17:30, or 24:00",
  ]);
});

test.run();
