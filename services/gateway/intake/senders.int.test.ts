import { createHmac, randomUUID } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { newSecret, parseSecret, signedHeaders } from "#platform/webhooks.ts";
import { type Parts, startParts, startTestGateway, type TestGateway } from "../../../test/gateway/gateway.ts";

const test = suite("who may send");
let parts: Parts;
let yard: TestGateway;

test.before(async () => {
  parts = await startParts();
  yard = await startTestGateway(parts);
});
test.after(async () => {
  await yard?.stop();
  await parts?.stop();
});

const jane = { email: "jane.doe@example.com", full_name: "Jane Doe" };

test("whatever is wrong with who sent it has one answer", async () => {
  const stale = Date.now() - 305_000;
  const early = Date.now() + 305_000;
  const text = JSON.stringify(jane);
  const answers = await Promise.all([
    yard.submit(jane, { headers: { "x-source": "nobody" } }),
    yard.submit(jane, { headers: { "webhook-signature": `v1,${Buffer.alloc(32).toString("base64")}` } }),
    yard.submit(jane, { headers: { "webhook-id": "another" } }),
    yard.submit(jane, { now: stale }),
    yard.submit(jane, { now: early }),
    yard.call("/api/submit", { method: "POST", headers: { "content-type": "application/json" }, body: text }),
    yard.call("/api/submit", {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...signedHeaders(parseSecret(newSecret()), "k", text),
        "x-source": "demo",
      },
      body: text,
    }),
  ]);
  for (const { status, text } of answers) {
    assert.is(status, 401);
    assert.is(text, answers[0]?.text);
  }
});

test("one of several signatures is enough", async () => {
  const key = randomUUID();
  const body = JSON.stringify(jane);
  const headers = signedHeaders([parseSecret(newSecret()), parseSecret(yard.secret)], key, body);
  assert.is((await yard.submit(body, { key, headers })).status, 202);
});

test("a source can sign the body alone", async () => {
  await yard.admin("PUT", "/api/sources/bodysigner", { scheme: "body-sha256" });
  const { body: made } = await yard.admin("POST", "/api/sources/bodysigner/secrets");
  const body = JSON.stringify(jane);
  const send = (key: Buffer, idempotency: string) =>
    yard.call("/api/submit", {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "x-source": "bodysigner",
        "idempotency-key": idempotency,
        "x-signature-256": `sha256=${createHmac("sha256", key).update(body).digest("hex")}`,
      },
      body,
    });
  assert.is((await send(parseSecret(made.secret), "a")).status, 202);
  assert.is((await send(Buffer.from(made.secret), "b")).status, 202);
  assert.is((await send(Buffer.from("wrong"), "c")).status, 401);
  assert.is((await yard.submit(jane, { headers: { "x-source": "bodysigner" } })).status, 401);
});

test("a source may be bound to some kinds, limited, and disabled", async () => {
  await yard.admin("PUT", "/api/sources/narrow", { allowed_kinds: ["event"], rate_limit: { per_second: 2 } });
  const { body: made } = await yard.admin("POST", "/api/sources/narrow/secrets");
  const send = (path: string, body: unknown) => {
    const [text, key] = [JSON.stringify(body), randomUUID()];
    return yard.submit(text, {
      path,
      headers: { "x-source": "narrow", ...signedHeaders(parseSecret(made.secret), key, text) },
    });
  };
  assert.is((await send("/api/submit", jane)).status, 403);
  const answers = [];
  for (let at = 0; at < 4; at += 1) answers.push(await send("/api/events", { type: "ping" }));
  assert.equal(
    answers.map(({ status }) => status),
    [202, 202, 429, 429],
  );
  assert.match(String(answers[3]?.headers["retry-after"]), /^[1-9]\d*$/);
  await yard.admin("PUT", "/api/sources/narrow", { enabled: false });
  assert.is((await send("/api/events", { type: "ping" })).status, 401);
});

test("nothing personal and no secret was logged", () => {
  assert.not.match(yard.logged(), /jane|whsec_/i);
});

test.run();
