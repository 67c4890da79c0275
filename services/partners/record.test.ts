import { suite } from "uvu";
import * as assert from "uvu/assert";
import { boundedRecord } from "./record.ts";

const test = suite("the record of a request or a response");
const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

test("is what it is while there is room", () => {
  const record = { url: "u", body: { a: 1 } };
  assert.is(boundedRecord(record, 1_000), record);
});

test("is cut at its body, and says so, whatever the body is made of", () => {
  for (const character of ["x", "ä", "\u{1f600}", "\u0001", '"', "\ud800"]) {
    for (const body of [character.repeat(5_000), { text: character.repeat(5_000) }]) {
      const cut = boundedRecord({ url: "u", body }, 1_000) as {
        url: string;
        body: string;
        truncated: boolean;
      };
      assert.equal([cut.url, cut.truncated], ["u", true]);
      assert.ok(bytesOf(cut) <= 1_000);
      // As much of it as there is room for.
      assert.ok(bytesOf(cut) > 900, `${bytesOf(cut)}`);
      assert.ok(cut.body.isWellFormed());
    }
  }
});

test("is nothing but cut where all else is too large, or where it can't be written", () => {
  assert.equal(boundedRecord({ headers: "x".repeat(2_000), body: "" }, 1_000), { truncated: true });
  let deep: unknown = 1;
  for (let level = 0; level < 50_000; level += 1) deep = [deep];
  assert.equal(boundedRecord({ body: deep }, 1_000_000), { truncated: true });
});

test("is well-formed", () => {
  assert.equal(boundedRecord({ body: { "\u0000": "\ud800" } }, 1_000), { body: { "\ufffd": "\ufffd" } });
});

test.run();
