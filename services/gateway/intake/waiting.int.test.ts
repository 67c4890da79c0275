import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import * as assert from "uvu/assert";
import { PartnerId, SourceId, type SubmissionId } from "#domain/ids.ts";
import { type PartnerEvent, partnerEvents, partnerStream } from "#domain/partner/events.ts";
import { deliveryContext } from "#domain/seal-contexts.ts";
import { type SubmissionEvent, submissionEvents, submissionStream } from "#domain/submission/events.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import { gatewaySuite } from "../../../test/gateway/suite.ts";
import { until } from "../../../test/harness/wait.ts";
import { startProjections } from "../../projections/app.ts";
import { submissionIdOf } from "./receive.ts";

const { test, yard } = await gatewaySuite("waiting for the end", {}, [startProjections]);

const codec = createCodec({ ...submissionEvents, ...partnerEvents });
const edu = PartnerId.parse("edu");
const delivery = { partner: edu, delivery_id: randomUUID() as never };
const route = { ...delivery, leg: 1, remaining: [], rule: null, ruleset_version: 1 };
const sealed = { key: "k", iv: "i", tag: "t", data: "d" };
const timings = { total_ms: 2, partner_ms: 1, overhead_ms: 1 };
const routed = { kind: "lead", source: "demo", received_at: new Date().toISOString(), key_fingerprint: "k" };
/** In the partner's own words. */
const told = await (await yard.vault()).seal(
  "told",
  "we know her already",
  deliveryContext(delivery.delivery_id),
);
const ends = {
  delivered: { type: "DeliverySucceeded", data: { ...delivery, attempt: 1, timings, price: 12 } },
  duplicate: { type: "DeliveryDuplicated", data: { ...delivery, attempts: 1, reason: "seen before" } },
  remarked: {
    type: "DeliverySucceeded",
    data: { ...delivery, attempt: 1, timings, sealed_reason: told },
  },
  refused: {
    type: "SubmissionRejected",
    data: { ...delivery, attempts: 1, reason: "http_422", sealed_reason: told },
  },
  rejected: { type: "SubmissionRejected", data: { ...delivery, attempts: 1, reason: "no" } },
  unrouted: { type: "SubmissionUnrouted", data: { reason: "no rule matched", ruleset_version: 1 } },
  dead: { type: "SubmissionDeadLettered", data: { stage: "identify", attempts: 3, reason: "poison" } },
  doubted: {
    type: "SubmissionDeadLettered",
    data: { ...delivery, stage: "deliver", attempts: 1, cause: "outcome_unknown", reason: "timeout" },
  },
} as const;

/** What the rest of the yard would do once a submission is there. Returns where in the log its end stands. */
async function end(how: keyof typeof ends, id: SubmissionId): Promise<bigint> {
  const { type, data } = ends[how];
  const stream = type.startsWith("Delivery") ? partnerStream(edu) : submissionStream(id);
  if (stream !== submissionStream(id)) {
    await append(submissionStream(id), { type: "PersonIdentified", data: { match: "nobody", sealed } }, id);
    await append(submissionStream(id), { type: "SubmissionRouted", data: { ...routed, route, sealed } }, id);
  }
  return append(stream, { type, data }, id);
}

async function append(
  stream: string,
  { type, data }: { readonly type: string; readonly data: object },
  submission_id: SubmissionId,
): Promise<bigint> {
  const event = { type, data: { submission_id, ...data } } as SubmissionEvent | PartnerEvent;
  const encoded = codec.encode(event, { id: randomUUID(), at: new Date().toISOString() });
  return (await yard.eventStore().append(stream, "any", [encoded])).position;
}

const taken = (id: SubmissionId) =>
  until("it is taken in", async () => (await yard.eventStore().readStream(submissionStream(id))).length > 0);

for (const [how, answer] of [
  ["delivered", { outcome: "success", partner: "edu", price: 12 }],
  ["duplicate", { outcome: "failure", reason: "seen before", partner: "edu" }],
  ["rejected", { outcome: "failure", reason: "no", partner: "edu" }],
  ["remarked", { outcome: "success", reason: "we know her already", partner: "edu" }],
  ["refused", { outcome: "failure", reason: "we know her already", partner: "edu" }],
  ["unrouted", { outcome: "failure", reason: "no rule matched" }],
  ["dead", { outcome: "error", reason: "poison" }],
  ["doubted", { outcome: "error", reason: "outcome_unknown", partner: "edu" }],
] as const) {
  test(`${how} is ${answer.outcome}`, async () => {
    const key = randomUUID();
    const id = submissionIdOf(SourceId.parse("demo"), key);
    const answering = yard.submit(
      { email: "a@example.com" },
      { key, headers: { prefer: "respond-async, wait=10" } },
    );
    await taken(id);
    const position = await end(how, id);
    const { status, headers, body } = await answering;
    assert.is(status, 200);
    assert.equal(body, { id, ...answer });
    assert.is(headers["x-position"], `${position}`);
    assert.is(headers.location, `/api/leads/${id}`);
  });
}

test("what does not end in time is accepted", async () => {
  const { status, body } = await yard.submit({ email: "a@example.com" }, { headers: { prefer: "wait=1" } });
  assert.is(status, 202);
  assert.is(body.outcome, "accepted");
});

test("a wish is understood however it is written", async () => {
  for (const prefer of ["WAIT=1", 'wait="1"', "handling=lenient; x=y, wait = 1", "wait=1, wait=30"]) {
    const began = performance.now();
    assert.is((await yard.submit({ email: "a@example.com" }, { headers: { prefer } })).status, 202);
    const took = performance.now() - began;
    assert.ok(took > 900 && took < 5_000, `${prefer}: ${took}`);
  }
});

test("who would wait for longer than is possible waits as long as possible", async () => {
  const key = randomUUID();
  const id = submissionIdOf(SourceId.parse("demo"), key);
  const headers = { prefer: "wait=99999999" };
  const answering = yard.submit({ email: "a@example.com" }, { key, headers });
  await taken(id);
  const first = await Promise.race([answering, pause(1_500, undefined)]);
  assert.is(first, undefined);
  await end("delivered", id);
  assert.is((await answering).status, 200);
});

for (const [how, outcome] of [
  ["delivered", "success"],
  ["duplicate", "failure"],
  ["rejected", "failure"],
] as const) {
  test(`a repeat of what has ended is answered at once: ${how}`, async () => {
    const key = randomUUID();
    const { body } = await yard.submit({ email: "a@example.com" }, { key });
    await end(how, body.id);
    const again = await yard.submit({ email: "a@example.com" }, { key, headers: { prefer: "wait=10" } });
    assert.is(again.status, 200);
    assert.is(again.body.outcome, outcome);
    assert.is(again.body.partner, "edu");
  });
}

test("whoever does not wait is answered at once", async () => {
  for (const prefer of [
    "",
    "wait",
    "wait=0",
    "wait=x",
    "waiting=5",
    "return=minimal",
    "wait=-1",
    "wait=1.5",
    "wait=0x1",
  ]) {
    const began = performance.now();
    const { status } = await yard.submit({ email: "a@example.com" }, { headers: { prefer } });
    assert.is(status, 202);
    assert.ok(performance.now() - began < 900);
  }
});

test.run();
