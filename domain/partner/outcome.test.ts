import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Reading, readResponse, storable, storableWords } from "./outcome.ts";

const test = suite("reading what a partner sends back");
const success = { path: "status", equals: "accepted" };
const duplicate = { path: "result.code", equals: 17 };

const meaningOf = (body: unknown, reading: Reading, declined?: string) =>
  readResponse(body, reading, declined).outcome;

test("without a word about it, a response is a success at the partner's usual price", () => {
  assert.equal(readResponse(undefined, {}), { outcome: { outcome: "succeeded" } });
  assert.equal(meaningOf({ any: "thing" }, { price: 3 }), { outcome: "succeeded", price: 3 });
});

test("price and reason are read where they are said to stand", () => {
  const response = { reason_path: "why.text", price_path: "price" };
  const read = (body: unknown) => readResponse(body, { response, price: 3 });
  assert.equal(read({ why: { text: "fine" }, price: "12.5" }), {
    outcome: { outcome: "succeeded", price: 12.5 },
    told: "fine",
  });
  assert.equal(read({ why: { text: "" }, price: "free" }), { outcome: { outcome: "succeeded", price: 3 } });
  const long = read({ why: { text: "x".repeat(1_000) } });
  assert.is(long.told?.length, 200);
});

test("what does not say that it was taken is declined", () => {
  const response = { success, reason_path: "why" };
  assert.equal(meaningOf({ status: "accepted" }, { response }), { outcome: "succeeded" });
  const declined = { outcome: "rejected", reason: "partner_declined" };
  assert.equal(readResponse({ status: "no", why: "full" }, { response }), {
    outcome: declined,
    told: "full",
  });
  assert.equal(readResponse({}, { response }), { outcome: declined });
});

test("what can't be read is neither a success nor declined", () => {
  assert.equal(meaningOf(undefined, { response: { success } }), {
    outcome: "unknown",
    reason: "unreadable_response",
  });
});

test("a duplicate is one, also where the channel says that it was declined", () => {
  const response = { success, duplicate };
  const seen = { result: { code: 17 } };
  const expected = { outcome: "duplicate", reason: "partner_says_duplicate" };
  assert.equal(readResponse(seen, { response }), { outcome: expected });
  assert.equal(meaningOf(seen, { response }, "http_409"), expected);
  const told = { ...seen, why: "Ann is a customer" };
  assert.equal(readResponse(told, { response: { ...response, reason_path: "why" } }), {
    outcome: expected,
    told: "Ann is a customer",
  });
});

test("what the channel says is declined is so, whatever the body says", () => {
  const response = { success, reason_path: "why" };
  const declined = { outcome: "rejected", reason: "http_400" };
  assert.equal(readResponse({ status: "accepted" }, { response }, "http_400"), { outcome: declined });
  assert.equal(readResponse({ why: "too old" }, { response }, "http_400"), {
    outcome: declined,
    told: "too old",
  });
  assert.equal(readResponse(undefined, { response }, "http_400"), { outcome: declined });
});

test("nobody's prototype is a field of a response", () => {
  const response = { success: { path: "constructor.name", equals: "Object" } };
  assert.is(meaningOf({}, { response }).outcome, "rejected");
});

test("what it says can be stored, whatever it is: no NUL, no halved character, at most 200 of them", () => {
  const response = { reason_path: "why", price_path: "price" };
  const wordsOf = (why: unknown) => readResponse({ why }, { response }, "http_400").told;
  assert.is(wordsOf("no\u0000thing"), "no\ufffdthing");
  assert.is(wordsOf("half \ud83d"), "half \ufffd");
  assert.is(wordsOf(`${"x".repeat(199)}\u{1f600}y`), `${"x".repeat(199)}\u{1f600}`);
  assert.is(wordsOf({ "\u0000": 1 }), '{"\\u0000":1}');
  const price = (given: unknown) => {
    const read = meaningOf({ price: given }, { response, price: 3 });
    return read.outcome === "succeeded" ? read.price : undefined;
  };
  assert.is(price(0), 0);
  for (const odd of [-1, 1e300, "1e400", "Infinity", Number.NaN, [7], {}, ""]) assert.is(price(odd), 3);
});

test("what a channel says is made storable too", () => {
  assert.equal(storable({ outcome: "failed", reason: "\u0000", retry_after_ms: Number.NaN }), {
    outcome: "failed",
    reason: "\ufffd",
  });
  assert.equal(storable({ outcome: "failed", reason: "busy", retry_after_ms: 7 }), {
    outcome: "failed",
    reason: "busy",
    retry_after_ms: 7,
  });
  assert.equal(storable({ outcome: "unknown", reason: "" }), { outcome: "unknown", reason: "unknown" });
  assert.equal(storable({ outcome: "succeeded", price: -1 }), { outcome: "succeeded" });
  assert.is(storable({ outcome: "rejected", reason: "x".repeat(999) }).reason?.length, 200);
  assert.is(storableWords(`\u0000${"x".repeat(999)}`), `\ufffd${"x".repeat(199)}`);
});

test.run();
