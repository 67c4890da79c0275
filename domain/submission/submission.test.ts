import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createCodec } from "#platform/event-store/codec.ts";
import { PartnerId } from "../ids.ts";
import { type Outcome, submissionDecider } from "./decide.ts";
import { type SubmissionEvent, submissionEvents } from "./events.ts";
import {
  atPartner,
  deadAt,
  decided,
  deliveryId,
  edu,
  exhaustion,
  fin,
  given,
  id,
  identified,
  identifiedOnTheWay,
  identify,
  laterLeg,
  personal,
  received,
  record,
  rejected,
  rejection,
  removal,
  route,
  routed,
  routeTo,
  rule,
  toEdu,
  unrouted,
} from "./fixtures/story.ts";
import { nextStatus } from "./machine.ts";
import { evolve, ImpossibleHistory } from "./state.ts";

const test = suite("submission");

test("is identified and routed in one decision", () => {
  given(received)
    .when(identify(toEdu))
    .decides(identifiedOnTheWay, routed(routeTo(edu)));
});

test("is unrouted where no rule matches", () => {
  given(received)
    .when(identify({ partners: null, reason: "no_rule_matched", version: 3, decided }))
    .decides(identified, unrouted);
});

test("keeps the other partners of a waterfall for later", () => {
  given(received)
    .when(identify({ partners: [edu, fin], rule, version: 3, decided }))
    .decides(identifiedOnTheWay, routed(routeTo(edu, 1, [fin])));
});

test("is routed later where nobody could take it at first", () => {
  given(received).when(identify()).decides(identified);
  given(received, identified)
    .when(route(toEdu))
    .decides(routed(routeTo(edu)));
  given(received, identified, unrouted).when(route(toEdu)).refuses("not_to_be_routed");
});

test("is routed later with what the rules were told then", () => {
  const now = { ...personal, data: "told now" };
  const { data } = routed(routeTo(edu)) as Extract<SubmissionEvent, { type: "SubmissionRouted" }>;
  given(received, identified)
    .when({ type: "route", routing: toEdu, sealed: now, deliveryId })
    .decides({ type: "SubmissionRouted", data: { ...data, sealed: now } });
  const nowhere = { partners: null, reason: "no_rule_matched", version: 3, decided } as const;
  const { type, data: told } = unrouted as Extract<SubmissionEvent, { type: "SubmissionUnrouted" }>;
  given(received, identified)
    .when({ type: "route", routing: nowhere, sealed: now, deliveryId })
    .decides({ type, data: { ...told, sealed: now } });
});

const codec = createCodec(submissionEvents);
const fixture = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`./fixtures/${name}.json`, import.meta.url), "utf8"));
for (const type of ["SubmissionRouted", "SubmissionUnrouted"] as const)
  test(`the first version of ${type} is read, as one of which is not known what it rested on`, () => {
    const data = fixture(`${type.replace("Submission", "submission-").toLowerCase()}.v1`);
    const raw = { stream: `submission-${id}`, revision: 2n, type, version: 1, data };
    assert.equal(codec.decode(raw), { known: true, event: { type, data } });
    const newest = { type, data: { ...(data as object), decided } } as SubmissionEvent;
    const written = codec.encode(newest, { id, at: decided.at });
    const { version } = submissionEvents[type];
    assert.is(written.metadata.schema, version);
    assert.equal(codec.decode({ ...raw, version, data: written.data }), { known: true, event: newest });
  });

for (const [type, version, name] of [
  ["SubmissionRouted", 2, "submission-routed.v2"],
  ["SubmissionDeadLettered", 1, "submission-dead-lettered.v1"],
] as const)
  test(`version ${version} of ${type} is read as it was written`, () => {
    const data = fixture(name);
    const raw = { stream: `submission-${id}`, revision: 2n, type, version, data };
    assert.equal(codec.decode(raw), { known: true, event: { type, data } });
    assert.ok(submissionEvents[type].version > version);
  });

test("is identified once", () => {
  given(received, identified, routed(routeTo(edu)))
    .when(identify(toEdu))
    .refuses("already_identified");
});

test("can't be identified before it was received", () => {
  given().when(identify(toEdu)).refuses("unknown_submission");
});

test("records an outcome once", () => {
  given(received, identified, routed(routeTo(edu)), rejected)
    .when(record(rejection(edu)))
    .refuses("already_ended");
});

test("goes to the next of a waterfall when the first declines", () => {
  given(received, identified, routed(routeTo(edu, 1, [fin])))
    .when(record(rejection(edu)))
    .decides(laterLeg(routeTo(fin, 2)));
});

test("passes over who is disabled when its turn comes", () => {
  const [art, old] = [PartnerId.parse("art"), PartnerId.parse("old")];
  given(received, identified, routed(routeTo(edu, 1, [old, fin, art])))
    .when(record(rejection(edu), old))
    .decides(laterLeg(routeTo(fin, 2, [art])));
});

test("ends where all that remain are disabled, but waits for one that was open when it was passed on", () => {
  const waterfall = [received, identified, routed(routeTo(edu, 1, [fin]))];
  given(...waterfall)
    .when(record(rejection(edu), fin))
    .decides(rejected);
  const passedOn: Outcome = {
    type: "DeliveryPassedOn",
    data: { ...atPartner(edu), attempts: 0, reason: "cap_day" },
  };
  given(...waterfall)
    .when(record(passedOn, fin))
    .decides(laterLeg(routeTo(fin, 2)));
});

test("goes to the next of a waterfall when the first was tried in vain", () => {
  given(received, identified, routed(routeTo(edu, 1, [fin])))
    .when(record(exhaustion("retries_exhausted")))
    .decides(laterLeg(routeTo(fin, 2)));
});

test("goes to the next of a waterfall when the first was removed before it was asked", () => {
  given(received, identified, routed(routeTo(edu, 1, [fin])))
    .when(record(removal(0)))
    .decides(laterLeg(routeTo(fin, 2)));
  given(received, identified, routed(routeTo(edu, 1, [fin])))
    .when(record(removal(1)))
    .decides(deadAt("deliver", edu, { attempts: 1, reason: "partner_removed", cause: "partner_removed" }));
});

const inDoubt = { in_doubt: true } as const;

test("goes on from a partner that recognises repeats, also where its last tries were in doubt", () => {
  given(received, identified, routed(routeTo(edu, 1, [fin])))
    .when(record(exhaustion("retries_exhausted", inDoubt)))
    .decides(laterLeg(routeTo(fin, 2)));
  given(received, identified, routed(routeTo(edu)))
    .when(record(exhaustion("retries_exhausted", inDoubt)))
    .decides(deadAt("deliver", edu, { cause: "retries_exhausted" }));
});

test("goes nowhere else while a partner that recognises no repeat may have got it", () => {
  const waterfall = [received, identified, routed(routeTo(edu, 1, [fin]))];
  for (const more of [{}, inDoubt])
    given(...waterfall)
      .when(record(exhaustion("outcome_unknown", more)))
      .decides(deadAt("deliver", edu, { cause: "outcome_unknown" }));
  // Nothing but a person's word moves it, and it still knows where it was and who would be next.
  given(...waterfall, deadAt("deliver", edu))
    .when(record(exhaustion("outcome_unknown")))
    .refuses("already_ended");
  const state = [...waterfall, deadAt("deliver", edu)].reduce(evolve, submissionDecider.initial);
  assert.equal([state?.status, state?.route], ["dead_lettered", routeTo(edu, 1, [fin])]);
});

test("goes nowhere else where a person, or what is broken, has ended its delivery", () => {
  for (const cause of ["drained", "forgotten", "poison", "dedupe_failed"] as const)
    given(received, identified, routed(routeTo(edu, 1, [fin])))
      .when(record(exhaustion(cause)))
      .decides(deadAt("deliver", edu, { cause }));
});

test("is rejected when the last one declines", () => {
  given(received, identified, routed(routeTo(edu)))
    .when(record(rejection(edu)))
    .decides(rejected);
});

test("ignores the outcome of a leg that is over", () => {
  given(received, identified, routed(routeTo(edu, 1, [fin])), routed(routeTo(fin, 2)))
    .when(record(rejection(edu)))
    .refuses("another_leg");
});

test("shows how far its delivery is", () => {
  assert.is(nextStatus("queued", { type: "DeliveryStarted" }), "delivering");
  assert.is(nextStatus("delivering", { type: "DeliveryFailed" }), "retrying");
  assert.is(nextStatus("retrying", { type: "DeliveryStarted" }), "delivering");
  assert.is(nextStatus("queued", { type: "DeliveryHeld" }), "held");
  assert.is(nextStatus("delivering", { type: "DeliverySucceeded" }), "delivered");
  assert.is(nextStatus("delivering", { type: "DeliveryDuplicated" }), "duplicate");
  assert.is(nextStatus("delivering", { type: "DeliveryRejected" }), "delivering");
  assert.is(nextStatus("delivering", { type: "SubmissionRejected" }), "rejected");
  assert.is(nextStatus("delivered", { type: "DeliveryStarted" }), undefined);
});

test("refuses to fold what can't have happened", () => {
  assert.throws(
    () => evolve(undefined, identified),
    (error: unknown) => error instanceof ImpossibleHistory,
  );
  assert.throws(
    () => evolve([received, identified, unrouted].reduce(evolve, submissionDecider.initial), rejected),
    (error: unknown) => error instanceof ImpossibleHistory,
  );
});

test.run();
