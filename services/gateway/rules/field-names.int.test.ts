import * as assert from "uvu/assert";
import { gatewaySuite } from "../../../test/gateway/suite.ts";

const { test, yard } = await gatewaySuite("the fields of rules");
const ruleOn = (field: string) => ({
  id: "r",
  name: "Rule r",
  priority: 1,
  enabled: true,
  when: { combinator: "and", rules: [{ field, operator: "=", value: "yes" }] },
  route: { to: "edu" },
});
await yard.admin("PUT", "/api/partners/edu", {
  name: "edu",
  delivery: { type: "http", url: "http://8.8.8.8/leads" },
});

test("a field may have any name that a payload has", async () => {
  for (const field of [
    "größe",
    "名前",
    "first name",
    "@type",
    "$ref",
    "utm:source",
    "a/b",
    "it's",
    "🚀.x y",
  ]) {
    const rules = [ruleOn(field)];
    const names = field.split(".").toReversed();
    const submission = names.reduce<unknown>((value, name) => ({ [name]: value }), "Yes ");
    const { status, body } = await yard.admin("POST", "/api/rules/evaluate", { rules, submission });
    assert.equal([status, body.rule], [200, "r"], field);
  }
  for (const field of [" a", "a ", ".a", "a.", "a\u0000", "a\ud800", "a\n"]) {
    const { status, body } = await yard.admin("POST", "/api/rules/check", {
      rules: [ruleOn(field)],
    });
    assert.equal([status, body.errors?.[0].path], [422, "rules.0.when.rules.0.field"], JSON.stringify(field));
  }
});

test.run();
