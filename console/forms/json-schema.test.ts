import { suite } from "uvu";
import * as assert from "uvu/assert";
import { asText, fromText, initialOf, isLong, resolved, shapeOf, titleOf, variantOf } from "./json-schema.ts";

const test = suite("forms from JSON Schema");

const http = {
  type: "object",
  properties: { type: { const: "http" }, url: { type: "string" }, text: { type: "string" } },
  required: ["type", "url"],
};
const slack = {
  type: "object",
  properties: { type: { const: "slack" }, text: { type: "string" } },
  required: ["type"],
};
const schemas = { Delivery: { oneOf: [http, slack] } };
const kindOf = (schema: object) => shapeOf(schema, schemas).kind;

test("each kind of schema has its field", () => {
  assert.is(kindOf({ type: "string" }), "text");
  assert.is(kindOf({ type: "integer" }), "number");
  assert.is(kindOf({ type: "boolean" }), "switch");
  assert.is(kindOf({ type: "string", enum: ["a"] }), "choice");
  assert.is(kindOf({ type: "object", properties: {} }), "group");
  assert.is(kindOf({ type: "object", additionalProperties: {} }), "mapping");
  assert.is(kindOf({ type: "array", items: { type: "string" } }), "texts");
  assert.is(kindOf({ type: "array", items: { type: "object" } }), "list");
  assert.is(kindOf({}), "json");
  assert.is(kindOf({ readOnly: true }), "hidden");
  assert.is(kindOf({ const: "http" }), "hidden");
});

test("a secret with the sign that keeps it, and null, is one text", () => {
  const secret = { anyOf: [{ type: "string" }, { type: "string", const: "…" }, { type: "null" }] };
  assert.equal(shapeOf(secret, schemas), { kind: "text", mayBeSecret: true, mayBeNull: true });
});

test("a reference is what it names, with what stands beside it", () => {
  const found = resolved({ $ref: "#/components/schemas/Delivery", title: "Channel" }, schemas);
  assert.equal(found, { oneOf: [http, slack], title: "Channel" });
  assert.is(variantOf({ type: "slack" }, found.oneOf ?? []), 1);
  assert.is(variantOf({ type: "http", url: "" }, found.oneOf ?? []), 0);
  assert.is(variantOf(undefined, found.oneOf ?? []), -1);
});

test("another variant begins with what it needs, and keeps what both have", () => {
  const before = { type: "http", url: "https://a.example/", text: "Hello" };
  assert.equal(initialOf(slack, schemas, before), { type: "slack", text: "Hello" });
  assert.equal(initialOf(http, schemas), { type: "http", url: "" });
});

test("a field is called as its schema says, or by its name in words", () => {
  assert.is(titleOf("max_attempts", {}), "Max attempts");
  assert.is(titleOf("timeout_ms", {}), "Timeout (ms)");
  assert.is(titleOf("url", { title: "URL" }), "URL");
});

test("what holds a URL or a sentence is given room", () => {
  assert.ok(isLong({ type: "string", format: "uri" }));
  assert.ok(
    isLong({
      anyOf: [
        { type: "string", format: "uri" },
        { type: "string", const: "…" },
      ],
    }),
  );
  assert.ok(isLong({ type: "string", maxLength: 1_000 }));
  assert.not(isLong({ type: "string", maxLength: 64 }));
});

test("any value is a text and back, and a text that looks like another value stays one", () => {
  for (const value of ["Hello {{name}}", "5", 5, true, "true", { a: ["{{b}}"] }, null, ""])
    assert.equal(fromText(asText(value)), value);
  assert.is(asText("Hello"), "Hello");
});

test.run();
