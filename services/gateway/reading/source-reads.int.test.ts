// What a source may read, how it signs for that, and what it is not shown.
import { createHmac, randomUUID } from "node:crypto";
import * as assert from "uvu/assert";
import { DeliveryId, PartnerId, SourceId, SubmissionId } from "#domain/ids.ts";
import { type PartnerEvent, partnerEvents, partnerStream } from "#domain/partner/events.ts";
import { deliveryContext, submissionContext } from "#domain/seal-contexts.ts";
import { type SubmissionEvent, submissionEvents, submissionStream } from "#domain/submission/events.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import { newUuid } from "#platform/ids.ts";
import { parseSecret, signedHeaders } from "#platform/webhooks.ts";
import { gatewaySuite } from "../../../test/gateway/suite.ts";
import { until } from "../../../test/harness/wait.ts";
import { startProjections } from "../../projections/app.ts";

const { test, yard } = await gatewaySuite("reading as a source", {}, [startProjections]);

await yard.admin("PUT", "/api/sources/hasher", { scheme: "body-sha256" });
const { body: hashers } = await yard.admin("POST", "/api/sources/hasher/secrets");
const secrets: Readonly<Record<string, string>> = { demo: yard.secret, hasher: hashers.secret };

/** Signed over `what`, and sent to `path`. */
function read(source: string, path: string, what = `GET ${path}`, now = Date.now()) {
  const signed = signedHeaders(parseSecret(secrets[source] ?? ""), randomUUID(), what, now);
  return yard.call(path, { headers: { "x-source": source, ...signed } });
}

const lead = JSON.stringify({ email: "jane@example.com" });
const { body: ours, headers } = await yard.submit(lead);
const after = String(headers["x-position"]);
const hex = createHmac("sha256", hashers.secret).update(lead).digest("hex");
const { body: theirs } = await yard.call("/api/submit", {
  method: "POST",
  headers: {
    "content-type": "application/json",
    "x-source": "hasher",
    "idempotency-key": randomUUID(),
    "x-signature-256": `sha256=${hex}`,
  },
  body: lead,
});

test("a source signs method and path with query, whatever its own scheme", async () => {
  for (const [source, id] of [
    ["demo", ours.id],
    ["hasher", theirs.id],
  ]) {
    const found = await until("it is there", async () => {
      const answer = await read(source, `/api/leads/${id}?after=${after}`);
      assert.ok([200, 404].includes(answer.status), `${source}: ${answer.text}`);
      return answer.status === 200 && answer;
    });
    assert.is(found.body.source, source);
    const { body } = await read(source, "/api/leads?limit=5&kind=lead");
    assert.equal([...new Set(body.items.map((one: { source: string }) => one.source))], [source]);
  }
  assert.is((await read("demo", `/api/leads/${theirs.id}`)).status, 404);
});

test("a signature is good for the one read that it was made for, and for five minutes", async () => {
  const path = `/api/leads/${ours.id}`;
  for (const what of [
    "",
    "GET /api/leads",
    `POST ${path}`,
    `GET ${path}?limit=1`,
    `GET ${path}/timeline`,
    path,
  ])
    assert.is((await read("demo", path, what)).status, 401, what);
  assert.is((await read("demo", path, `GET ${path}`, Date.now() - 400_000)).status, 401);
  assert.is((await read("demo", path, `GET ${path}`)).status, 200);
});

test("a hash of nothing, which would never end to hold, opens nothing", async () => {
  for (const key of [hashers.secret, parseSecret(hashers.secret)]) {
    const empty = createHmac("sha256", key).update("").digest("hex");
    const forged = { "x-source": "hasher", "idempotency-key": "k", "x-signature-256": `sha256=${empty}` };
    assert.is((await yard.call("/api/leads", { headers: forged })).status, 401);
  }
});

test("a source sees outcomes, reasons and times, and nothing of what passed between us and a partner", async () => {
  const vault = await yard.vault();
  const [partner, submission_id] = [PartnerId.parse("edu"), SubmissionId.parse(ours.id)];
  const delivery_id = DeliveryId.parse(newUuid());
  const about = { partner, delivery_id, submission_id };
  const at = new Date().toISOString();
  const seal = (value: unknown) => vault.seal("edu-key", value, deliveryContext(delivery_id));
  const append = (
    stream: string,
    codec: { encode: ReturnType<typeof createCodec>["encode"] },
    events: object[],
  ) =>
    yard.eventStore().append(
      stream,
      "any",
      events.map((event) => codec.encode(event as never, { id: newUuid(), at })),
    );
  const submission = {
    ...{ kind: "lead", source: "demo", received_at: at, idempotency_key: "k" },
    ...{ payload: JSON.parse(lead), normalised: {} },
  };
  const sealed = await vault.seal("person-key", submission, submissionContext(submission_id));
  const route = { partner, delivery_id, leg: 1, remaining: ["fin"], rule: "secret-rule", ruleset_version: 1 };
  const routed = {
    type: "SubmissionRouted",
    data: {
      ...{ submission_id, kind: "lead", source: SourceId.parse("demo"), received_at: at },
      ...{ key_fingerprint: "secret-fingerprint", route, sealed },
    },
  };
  const identified = { type: "PersonIdentified", data: { submission_id, match: "nobody", sealed } };
  const why = { reason: "http_422", sealed_reason: await seal("too young") };
  const ended = { type: "SubmissionRejected", data: { ...about, attempts: 1, ...why } };
  const request = { url: "https://partner.example/secret", headers: { a: "secret" }, body: "secret body" };
  const started = {
    attempt: 1,
    dedupe_key: "secret-key",
    started_at: at,
    sealed_request: await seal(request),
  };
  const timings = { total_ms: 5, partner_ms: 4, overhead_ms: 1 };
  const rejected = {
    attempt: 1,
    timings,
    ...why,
    sealed_response: await seal({ body: "secret" }),
  };
  const own = createCodec(submissionEvents);
  await append(submissionStream(submission_id), own as never, [identified, routed] as SubmissionEvent[]);
  await append(
    partnerStream(partner),
    createCodec(partnerEvents) as never,
    [
      { type: "DeliveryStarted", data: { ...about, ...started } },
      { type: "DeliveryRejected", data: { ...about, ...rejected } },
    ] as PartnerEvent[],
  );
  await append(submissionStream(submission_id), own as never, [ended] as SubmissionEvent[]);

  const path = `/api/leads/${ours.id}/timeline?after=${await yard.eventStore().head()}`;
  const full = (await yard.admin("GET", path)).body.items;
  assert.match(JSON.stringify(full), /partner\.example\/secret/);
  const { status, text, body } = await read("demo", path);
  assert.is(status, 200);
  assert.not.match(
    text,
    /secret|partner\.example|"request"|"response"|headers|fingerprint|dedupe|route|fin\b/,
  );
  assert.equal(
    body.items.map((one: { type: string; reason?: string }) => [one.type, one.reason]),
    [
      ["SubmissionReceived", undefined],
      ["PersonIdentified", undefined],
      ["SubmissionRouted", undefined],
      ["DeliveryStarted", undefined],
      ["DeliveryRejected", "too young"],
      ["SubmissionRejected", "too young"],
    ],
  );
  assert.equal(body.items[4].timings, timings);
  for (const { position, at: when } of body.items) assert.ok(position && when);
});

test("leads are found by rule and by when they were received, also page by page", async () => {
  const items = async (query: string) => {
    const { status, body } = await yard.admin(
      "GET",
      `/api/leads?after=${await yard.eventStore().head()}&${query}`,
    );
    assert.is(status, 200, JSON.stringify(body));
    return body.items.map(({ id }: { id: string }) => id);
  };
  assert.equal(await items("rule=secret-rule"), [ours.id]);
  assert.equal(await items("rule=another"), []);
  const { received_at } = (await yard.admin("GET", `/api/leads/${ours.id}`)).body;
  const later = new Date(Date.parse(received_at) + 1).toISOString();
  assert.equal(await items(`from=${received_at}&to=${later}&source=demo`), [ours.id]);
  assert.equal(await items(`to=${received_at}&source=demo`), []);
  assert.equal(await items(`from=${later}&source=demo`), []);
  assert.equal(await items("from=2000-01-01&to=2000-01-02"), []);
  assert.equal(await items("from=2000-01-01T00:00:00%2B02:00&source=demo&limit=200"), [ours.id]);
  for (const odd of ["from=yesterday", "to=2026-13-01", "from=", "to=99999-01-01", "limit=201", "rule=A%20B"])
    assert.is((await yard.admin("GET", `/api/leads?${odd}`)).status, 400, odd);
});

test("a lead is shown as it was at a time or a place in the log", async () => {
  const path = `/api/leads/${ours.id}`;
  const { items } = (await yard.admin("GET", `${path}/timeline`)).body;
  const at = async (when: string) => (await yard.admin("GET", `${path}?at=${when}`)).body;
  const statuses = [];
  for (const { position } of items) statuses.push((await at(position)).status);
  assert.equal(statuses, ["received", "identified", "queued", "delivering", "delivering", "rejected"]);
  const first = await at(items[0].position);
  assert.equal([first.attempts, first.partner, first.payload], [0, undefined, JSON.parse(lead)]);
  const now = (await yard.admin("GET", path)).body;
  assert.equal(await at(items[5].position), now);
  assert.equal(await at(new Date().toISOString()), now);
  assert.is((await yard.admin("GET", `${path}?at=${BigInt(items[0].position) - 1n}`)).status, 404);
  assert.is((await yard.admin("GET", `${path}?at=2000-01-01T00:00:00Z`)).status, 404);
  for (const odd of ["soon", "-1", "9".repeat(19), ""])
    assert.is((await yard.admin("GET", `${path}?at=${odd}`)).status, 400, odd);
  const early = await read("demo", `${path}?at=${items[0].position}`);
  assert.is(early.body.status, "received");
});

test.run();
