import { suite } from "uvu";
import * as assert from "uvu/assert";
import { newSecret, parseSecret, sign, signedHeaders, TOLERANCE_S, verify } from "./webhooks.ts";

const test = suite("Standard Webhooks signatures");
const now = 1_700_000_000_000;
const body = '{"email":"ada@example.com"}';
const secret = parseSecret(newSecret());
const signed = signedHeaders(secret, "msg_1", body, now);

test("agree with the example that the standard publishes", () => {
  const published = parseSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  const signature = sign(published, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, '{"test": 2432232314}');
  assert.is(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
});

test("verify with the secret that made them", () => {
  assert.equal(verify([secret], signed, body, now), { verified: true, id: "msg_1", timestamp: now / 1000 });
  assert.ok(verify([secret], signed, Buffer.from(body), now).verified);
});

test("verify while secrets rotate, whichever side is ahead", () => {
  const next = parseSecret(newSecret());
  const both = signedHeaders([next, secret], "msg_1", body, now);
  assert.ok(verify([secret], both, body, now).verified);
  assert.ok(verify([next, secret], signed, body, now).verified);
});

test("fail when the body, the id, the timestamp or the secret is another", () => {
  const wrong = { verified: false, reason: "wrong_signature" };
  assert.equal(verify([secret], signed, `${body} `, now), wrong);
  assert.equal(verify([secret], { ...signed, "webhook-id": "msg_2" }, body, now), wrong);
  assert.equal(verify([secret], { ...signed, "webhook-timestamp": `${now / 1000 + 1}` }, body, now), wrong);
  assert.equal(verify([parseSecret(newSecret())], signed, body, now), wrong);
  assert.equal(verify([], signed, body, now), wrong);
});

test("fail when they are malformed, of another version or too many to look at", () => {
  const [version, value] = signed["webhook-signature"].split(",");
  for (const text of [
    `v2,${value}`,
    `${value}`,
    `${version},`,
    `${version},AAAA`,
    "v1",
    `${"v1,AA ".repeat(16)}v1,${value}`,
  ])
    assert.not.ok(verify([secret], { ...signed, "webhook-signature": text }, body, now).verified, text);
});

test("fail outside the tolerance, and hold at its edge", () => {
  const at = (seconds: number) => verify([secret], signed, body, now + seconds * 1000);
  assert.ok(at(TOLERANCE_S).verified);
  assert.ok(at(-TOLERANCE_S).verified);
  assert.equal(at(TOLERANCE_S + 1), { verified: false, reason: "out_of_tolerance" });
  assert.equal(at(-TOLERANCE_S - 1), { verified: false, reason: "out_of_tolerance" });
  for (const timestamp of ["", "now", "1.7e9", "-1", `${now / 1000}.0`])
    assert.not.ok(verify([secret], { ...signed, "webhook-timestamp": timestamp }, body, now).verified);
});

test("fail when a header is missing, empty or repeated", () => {
  const missing = { verified: false, reason: "header_missing" };
  for (const name of Object.keys(signed))
    assert.equal(verify([secret], { ...signed, [name]: undefined }, body, now), missing);
  assert.equal(verify([secret], { ...signed, "webhook-id": "" }, body, now), missing);
  assert.equal(verify([secret], { ...signed, "webhook-id": ["a", "b"] }, body, now), missing);
});

test("take only secrets of 24 to 64 bytes in base64, and never repeat them in an error", () => {
  const of = (bytes: number) => `whsec_${Buffer.alloc(bytes, 7).toString("base64")}`;
  assert.is(parseSecret(of(24)).length, 24);
  assert.is(parseSecret(of(64)).length, 64);
  for (const text of [
    of(23),
    of(65),
    of(32).slice(6),
    "sesame",
    "whsec_not base64 at all but long enough!!!",
  ]) {
    const refused = (error: Error): boolean => !error.message.includes(text);
    assert.throws(() => parseSecret(text), refused, text);
  }
});

test.run();
