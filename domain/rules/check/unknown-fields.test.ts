import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Rule } from "../rule.ts";
import { fieldsOf, unknownFields } from "./unknown-fields.ts";

const test = suite("fields that no submission has had");

const rule = (id: string, fields: readonly string[], enabled = true): Rule =>
  Rule.parse({
    id,
    name: id,
    priority: 1,
    enabled,
    when: { combinator: "and", rules: fields.map((field) => ({ field, operator: "=", value: "x" })) },
    route: { to: "edu" },
  });
const known = new Set(["interest", "address", "address.zip", "age"]);
const found = (...rules: Rule[]) => unknownFields(rules, known);

test("a misspelt field is found with the rules that ask for it, and with what was meant", () => {
  assert.equal(found(rule("a", ["intrest"]), rule("b", ["interest"]), rule("c", ["intrest", "intrest"])), [
    { field: "intrest", rules: ["a", "c"], did_you_mean: "interest" },
  ]);
  assert.equal(found(rule("a", ["Interest"]))[0]?.did_you_mean, "interest");
  assert.equal(found(rule("a", ["adress.zip"]))[0]?.did_you_mean, "address.zip");
});

test("one that is like no other is found without a guess", () => {
  assert.equal(found(rule("a", ["budget"])), [{ field: "budget", rules: ["a"] }]);
  assert.equal(found(rule("a", ["abc"])), [{ field: "abc", rules: ["a"] }]);
});

test("what is looked up is known, and a rule that is switched off asks for nothing", () => {
  const own = ["kind", "source", "person.lead_count", "context.order.total", "suppressed.stop"];
  assert.equal(found(rule("a", own), rule("off", ["intrest"], false)), []);
  assert.equal(found(rule("a", ["person.lead_counts"])).length, 1);
});

test("a payload has the fields within its objects, and those of its lists", () => {
  assert.equal(fieldsOf({ address: { zip: "1", geo: { lat: 1 } }, tags: ["a"] }), [
    "address",
    "address.zip",
    "address.geo",
    "address.geo.lat",
    "tags",
    "tags.length",
    "tags.0",
  ]);
  assert.equal(fieldsOf(null), []);
});

test.run();
