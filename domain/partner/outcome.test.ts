import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readResponse, storable } from "./outcome.ts";

const test = suite("reading what a partner sends back");
const success = { path: "status", equals: "accepted" };
const duplicate = { path: "result.code", equals: 17 };

test("without a word about it, a response is a success at the partner's usual price", () => {
  assert.equal(readResponse(undefined, {}), { outcome: "succeeded" });
  assert.equal(readResponse({ any: "thing" }, { price: 3 }), { outcome: "succeeded", price: 3 });
});

test("price and reason are read where they are said to stand", () => {
  const response = { reason_path: "why.text", price_path: "price" };
  const read = (body: unknown) => readResponse(body, { response, price: 3 });
  assert.equal(read({ why: { text: "fine" }, price: "12.5" }), {
    outcome: "succeeded",
    reason: "fine",
    price: 12.5,
  });
  assert.equal(read({ why: { text: "" }, price: "free" }), { outcome: "succeeded", price: 3 });
  const long = read({ why: { text: "x".repeat(1_000) } });
  assert.is(long.reason?.length, 200);
});

test("what does not say that it was taken is declined", () => {
  const response = { success, reason_path: "why" };
  assert.equal(readResponse({ status: "accepted" }, { response }), { outcome: "succeeded" });
  assert.equal(readResponse({ status: "no", why: "full" }, { response }), {
    outcome: "rejected",
    reason: "full",
  });
  assert.equal(readResponse({}, { response }), { outcome: "rejected", reason: "partner_declined" });
});

test("what can't be read is neither a success nor declined", () => {
  assert.equal(readResponse(undefined, { response: { success } }), {
    outcome: "unknown",
    reason: "unreadable_response",
  });
});

test("a duplicate is one, also where the channel says that it was declined", () => {
  const response = { success, duplicate };
  const seen = { result: { code: 17 } };
  const expected = { outcome: "duplicate", reason: "partner_says_duplicate" };
  assert.equal(readResponse(seen, { response }), expected);
  assert.equal(readResponse(seen, { response }, "http_409"), expected);
});

test("what the channel says is declined is so, whatever the body says", () => {
  const response = { success, reason_path: "why" };
  assert.equal(readResponse({ status: "accepted" }, { response }, "http_400"), {
    outcome: "rejected",
    reason: "http_400",
  });
  assert.equal(readResponse({ why: "too old" }, { response }, "http_400"), {
    outcome: "rejected",
    reason: "too old",
  });
  assert.equal(readResponse(undefined, { response }, "http_400"), {
    outcome: "rejected",
    reason: "http_400",
  });
});

test("nobody's prototype is a field of a response", () => {
  const response = { success: { path: "constructor.name", equals: "Object" } };
  assert.is(readResponse({}, { response }).outcome, "rejected");
});

test("what it says can be stored, whatever it is: no NUL, no halved character, at most 200 of them", () => {
  const response = { reason_path: "why", price_path: "price" };
  const reasonOf = (why: unknown) => readResponse({ why }, { response }, "http_400").reason;
  assert.is(reasonOf("no\u0000thing"), "no\ufffdthing");
  assert.is(reasonOf("half \ud83d"), "half \ufffd");
  assert.is(reasonOf(`${"x".repeat(199)}\u{1f600}y`), `${"x".repeat(199)}\u{1f600}`);
  assert.is(reasonOf({ "\u0000": 1 }), '{"\\u0000":1}');
  const price = (given: unknown) => {
    const read = readResponse({ price: given }, { response, price: 3 });
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
});

test.run();
