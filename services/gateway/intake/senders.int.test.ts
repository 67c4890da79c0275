import { createHmac, randomUUID } from "node:crypto";
import * as assert from "uvu/assert";
import { SOURCE_STREAM } from "#domain/source/events.ts";
import { newSecret, parseSecret, signedHeaders } from "#platform/webhooks.ts";
import { gatewaySuite } from "../../../test/gateway/suite.ts";

const { test, yard } = await gatewaySuite("who may send");

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

test("secrets rotate without a pause, and are stored sealed", async () => {
  await yard.admin("PUT", "/api/sources/rotating", { name: "Rotating" });
  const make = async () => (await yard.admin("POST", "/api/sources/rotating/secrets")).body;
  const statusOf = async (...secrets: string[]) => {
    const [key, text] = [randomUUID(), JSON.stringify(jane)];
    const signed = signedHeaders(secrets.map(parseSecret), key, text);
    return (await yard.submit(text, { headers: { "x-source": "rotating", ...signed } })).status;
  };
  assert.is(await statusOf(newSecret()), 401);
  const old = await make();
  assert.is(await statusOf(old.secret), 202);
  const fresh = await make();
  for (const signing of [
    [old.secret],
    [fresh.secret],
    [old.secret, fresh.secret],
    [newSecret(), fresh.secret],
  ])
    assert.is(await statusOf(...signing), 202);
  await yard.admin("PUT", "/api/sources/rotating", { name: "Still rotating" });
  assert.is(await statusOf(old.secret), 202);
  await yard.admin("DELETE", `/api/sources/rotating/secrets/${old.id}`);
  assert.is(await statusOf(old.secret), 401);
  assert.is(await statusOf(fresh.secret), 202);
  assert.is(await statusOf(old.secret, fresh.secret), 202);

  const events = JSON.stringify((await yard.eventStore().readStream(SOURCE_STREAM)).map(({ data }) => data));
  for (const { secret } of [old, fresh]) assert.not.ok(events.includes(secret.slice("whsec_".length)));
  const told = await yard.admin("GET", "/api/sources/rotating");
  assert.equal(told.body.secrets, [{ id: fresh.id }]);
  assert.not.match(told.text + (await yard.admin("GET", "/api/sources")).text, /whsec_/);

  await yard.admin("DELETE", "/api/sources/rotating");
  assert.is(await statusOf(fresh.secret), 401);
  await yard.admin("PUT", "/api/sources/rotating", {});
  assert.is(await statusOf(fresh.secret), 401);
});

test("a scheme's own headers are checked to the letter, and the other scheme's count for nothing", async () => {
  await yard.admin("PUT", "/api/sources/hasher", { scheme: "body-sha256" });
  const { body: made } = await yard.admin("POST", "/api/sources/hasher/secrets");
  const body = JSON.stringify(jane);
  const hex = createHmac("sha256", made.secret).update(body).digest("hex");
  const good = { "x-source": "hasher", "idempotency-key": randomUUID(), "x-signature-256": `sha256=${hex}` };
  const statusOf = async (headers: Record<string, string>, sent = body) =>
    (
      await yard.call("/api/submit", {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: sent,
      })
    ).status;
  assert.is(await statusOf(good), 202);
  assert.is(await statusOf({ ...good, "x-signature-256": `sha256=${hex.toUpperCase()}` }), 202);
  for (const wrong of [hex, `sha1=${hex}`, `sha256=${hex.slice(2)}`, `sha256=${hex}00`, "sha256=", ""])
    assert.is(await statusOf({ ...good, "x-signature-256": wrong }), 401, wrong);
  assert.is(await statusOf(good, `${body} `), 401);
  const { "idempotency-key": _, ...keyless } = good;
  assert.is(await statusOf(keyless), 401);
  const demo = { ...good, "x-source": "demo" };
  assert.is(await statusOf(demo), 401);
  const reused = JSON.stringify({ ...jane, interest: "Finance" });
  const other = createHmac("sha256", made.secret).update(reused).digest("hex");
  assert.is(await statusOf({ ...good, "x-signature-256": `sha256=${other}` }, reused), 422);
});

test("what a source may be set to is checked", async () => {
  for (const [settings, path] of [
    [{ scheme: "md5" }, "scheme"],
    [{ enabled: "no" }, "enabled"],
    [{ allowed_kinds: ["letter"] }, "allowed_kinds.0"],
    [{ rate_limit: { per_second: 0 } }, "rate_limit.per_second"],
    [{ rate_limit: {} }, "rate_limit.per_second"],
    [{ name: 1 }, "name"],
    [{ default_country: "XX" }, "default_country"],
    [{ default_country: "us" }, "default_country"],
    [{ default_country: "USA" }, "default_country"],
  ] as const) {
    const { status, body } = await yard.admin("PUT", "/api/sources/checked", settings);
    assert.is(status, 400, JSON.stringify(settings));
    assert.is(body.errors[0].path, path);
  }
  assert.is((await yard.admin("PUT", "/api/sources/Not%20an%20id", {})).status, 400);
  assert.is((await yard.admin("GET", "/api/sources/checked")).status, 404);
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

test("a source's country is the hint for phones of those who name none", async () => {
  const settings = { default_country: "US", allowed_kinds: ["lead"] };
  const { body: shown } = await yard.admin("PUT", "/api/sources/american", settings);
  assert.is(shown.default_country, "US");
  const { body: made } = await yard.admin("POST", "/api/sources/american/secrets");
  const phoneOf = async (fields: object): Promise<unknown> => {
    const [text, key] = [JSON.stringify(fields), randomUUID()];
    const headers = { "x-source": "american", ...signedHeaders(parseSecret(made.secret), key, text) };
    const { status, body } = await yard.submit(text, { headers });
    if (status !== 202) return status;
    const [event] = await yard.eventStore().readStream(`submission-${body.id}`);
    const { sealed } = (event?.data ?? {}) as { sealed: never };
    const opened = await (await yard.vault()).open(sealed, `submission-${body.id}`);
    return (opened as { normalised: object }).normalised;
  };
  const phone = "(202) 555-0143";
  assert.equal(await phoneOf({ phone }), { phone: "+12025550143" });
  assert.equal(await phoneOf({ phone, country: " " }), { phone: "+12025550143" });
  assert.equal(await phoneOf({ phone: "020 7946 0018", country: "GB" }), {
    country: "GB",
    phone: "+442079460018",
  });
  assert.equal(await phoneOf({ phone: "+44 20 7946 0018" }), { phone: "+442079460018" });
  assert.is(await phoneOf({ phone, country: "Atlantis" }), 400);
  assert.is((await yard.submit({ phone })).status, 400);
});

test("nothing personal and no secret was logged", () => {
  assert.not.match(yard.logged(), /jane|whsec_/i);
});

test.run();
