import { randomUUID } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { newSecret, parseSecret, verify } from "#platform/webhooks.ts";
import { keyBytes, signedHeaders } from "./sign.ts";

const test = suite("signing in the browser");

const secret = newSecret();
const message = {
  source: "shop",
  scheme: "standard-webhooks",
  secret,
  id: randomUUID(),
  body: '{"full_name": "Zoë"}',
  now: Date.now(),
} as const;

test("the gateway accepts what the browser has signed", async () => {
  const headers = await signedHeaders(message);
  const { verified } = verify([parseSecret(secret)], headers, message.body, message.now);
  assert.ok(verified);
  assert.is(headers["x-source"], "shop");
});

test("another secret signs otherwise", async () => {
  const headers = await signedHeaders({ ...message, secret: newSecret() });
  assert.not(verify([parseSecret(secret)], headers, message.body, message.now).verified);
});

test("the scheme of the body alone has one signature in hex", async () => {
  const headers = await signedHeaders({ ...message, scheme: "body-sha256" });
  assert.match(headers["x-signature-256"] ?? "", /^sha256=[0-9a-f]{64}$/);
  assert.is(headers["idempotency-key"], message.id);
});

test("what is no secret is refused before anything is sent", () => {
  assert.throws(() => keyBytes("demo"), "A secret begins with whsec_");
});

test.run();
