import { suite } from "uvu";
import * as assert from "uvu/assert";
import { fill, TemplateTooLarge, templateError } from "./template.ts";

const test = suite("templates");
const facts = {
  email: "a@b.com",
  count: 3,
  address: { zip: "01234" },
  tags: ["a", "b"],
  text: "x".repeat(100),
};

test("a place alone keeps its value's type, within a text it becomes text", () => {
  const template = {
    to: "{{email}}",
    n: "{{ count }}",
    all: ["{{tags}}", "{{none}}"],
    note: "{{tags}} of {{address.zip}}{{none}}",
  };
  assert.equal(fill(template, facts, 1_000), {
    to: "a@b.com",
    n: 3,
    all: [["a", "b"], null],
    note: '["a","b"] of 01234',
  });
});

test("what is filled in is bounded, however often the same place stands there", () => {
  const places = (count: number) => ({ all: "{{text}}".repeat(count) });
  assert.ok(fill(places(10), facts, 1_000));
  assert.throws(
    () => fill(places(11), facts, 1_000),
    (error: unknown) => error instanceof TemplateTooLarge,
  );
  assert.throws(
    () => fill(Array(11).fill("{{text}}"), facts, 1_000),
    (error: unknown) => error instanceof TemplateTooLarge,
  );
});

test("two braces begin a place, or the text is no template", () => {
  for (const text of ["", "plain", "{{a.b}}", "a {{ b_c-1 }} c", "{ {a} }", "}}"])
    assert.is(templateError(text), undefined);
  for (const text of ["{{", "{{}}", "{{a b}}", "{{a}", "{{a}} {{"]) assert.ok(templateError(text), text);
});

test.run();
