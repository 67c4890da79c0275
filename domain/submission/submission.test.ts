import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createCodec } from "#platform/event-store/codec.ts";
import { given as givenEvents } from "../fixtures/given.ts";
import { DeliveryId, PartnerId, PersonId, RuleId, SourceId, SubmissionId } from "../ids.ts";
import type { DeadCause } from "../partner/events.ts";
import {
  type DeliveryIds,
  type Outcome,
  type Routing,
  type SubmissionCommand,
  type SubmissionRefusal,
  submissionDecider,
} from "./decide.ts";
import { type Decided, type Route, type SubmissionEvent, submissionEvents } from "./events.ts";
import { nextStatus } from "./machine.ts";
import { evolve, ImpossibleHistory } from "./state.ts";

const id = SubmissionId.parse("6b1f0a52-1111-8000-8000-000000000001");
const person = PersonId.parse("6b1f0a52-2222-8000-8000-000000000002");
const [edu, fin] = [PartnerId.parse("edu"), PartnerId.parse("fin")];
const rule = RuleId.parse("education");
const intake = { key: "intake-2026-01-01", iv: "i", tag: "t", data: "d" };
const personal = { ...intake, key: `person-${person}` };
const deliveryId: DeliveryIds = (partner, leg) =>
  DeliveryId.parse(`6b1f0a52-3333-8000-8000-00000000${partner === edu ? "ed" : "f1"}0${leg}`);

const received: SubmissionEvent = {
  type: "SubmissionReceived",
  data: {
    submission_id: id,
    kind: "lead",
    source: SourceId.parse("demo"),
    received_at: "2026-01-01T00:00:00.000Z",
    fingerprint: "f",
    key_fingerprint: "k",
    sealed: intake,
  },
};
const identified: SubmissionEvent = {
  type: "PersonIdentified",
  data: { submission_id: id, person_id: person, match: "new", sealed: personal },
};
/** Where the same append says where it goes, and holds the payload for both. */
const identifiedOnTheWay: SubmissionEvent = {
  type: "PersonIdentified",
  data: { submission_id: id, person_id: person, match: "new" },
};
const routeTo = (partner: PartnerId, leg = 1, remaining: PartnerId[] = []): Route => ({
  partner,
  delivery_id: deliveryId(partner, leg),
  leg,
  remaining,
  rule,
  ruleset_version: 3,
});
const decided: Decided = {
  at: "2026-01-01T00:00:01.000Z",
  seed: 7,
  closed: [{ partner: PartnerId.parse("old"), state: "disabled" }],
};
const routed = (route: Route): SubmissionEvent => ({
  type: "SubmissionRouted",
  data: {
    submission_id: id,
    kind: "lead",
    source: SourceId.parse("demo"),
    received_at: "2026-01-01T00:00:00.000Z",
    key_fingerprint: "k",
    person_id: person,
    route,
    sealed: personal,
    decided,
  },
});
const laterLeg = (route: Route): SubmissionEvent => {
  const { type, data } = routed(route) as Extract<SubmissionEvent, { type: "SubmissionRouted" }>;
  const { decided: _, ...rest } = data;
  return { type, data: rest };
};
const unrouted: SubmissionEvent = {
  type: "SubmissionUnrouted",
  data: { submission_id: id, reason: "no_rule_matched", ruleset_version: 3, decided },
};
const atPartner = (partner: PartnerId, leg = 1) => ({
  submission_id: id,
  partner,
  delivery_id: deliveryId(partner, leg),
});
const rejected: SubmissionEvent = {
  type: "SubmissionRejected",
  data: { ...atPartner(edu), attempts: 1, reason: "no" },
};
const deadAt = (
  stage: "identify" | "route" | "deliver",
  partner?: PartnerId,
  {
    attempts = 3,
    reason = "exhausted",
    cause,
  }: { attempts?: number; reason?: string; cause?: DeadCause } = {},
): SubmissionEvent => ({
  type: "SubmissionDeadLettered",
  data: { submission_id: id, stage, ...(partner && { partner }), attempts, reason, ...(cause && { cause }) },
});
const retagged = { ...personal, data: "put right" };
const corrected: SubmissionEvent = {
  type: "SubmissionCorrected",
  data: { submission_id: id, sealed: retagged, reason: "typo" },
};
const correct: SubmissionCommand = { type: "correct", sealed: retagged, reason: "typo" };
const reconciliation = (outcome: "delivered" | "not_delivered", leg = 1): Outcome => ({
  type: "DeliveryReconciled",
  data: {
    ...atPartner(edu, leg),
    outcome,
    reason: "asked them",
    ...(outcome === "delivered" && { price: 3 }),
  },
});
const reconciled = (outcome: "delivered" | "not_delivered"): SubmissionEvent => ({
  type: "SubmissionReconciled",
  data: reconciliation(outcome).data as Extract<SubmissionEvent, { type: "SubmissionReconciled" }>["data"],
});
const redriven = (stage: "identify" | "route" | "deliver", partner?: PartnerId): SubmissionEvent => ({
  type: "SubmissionRedriven",
  data: { submission_id: id, stage, ...(partner && { partner }) },
});

const timings = { total_ms: 5, partner_ms: 4, overhead_ms: 1 };
const rejection = (partner: PartnerId, leg = 1): Outcome => ({
  type: "DeliveryRejected",
  data: { ...atPartner(partner, leg), attempt: 1, timings, reason: "no" },
});
type Cause = Extract<Outcome, { type: "DeliveryDeadLettered" }>["data"]["cause"];
const exhaustion = (cause: Cause, more: { in_doubt?: true } = {}): Outcome => ({
  type: "DeliveryDeadLettered",
  data: { ...atPartner(edu), attempts: 3, reason: "exhausted", cause, ...more },
});
const removal = (attempts: number): Outcome => ({
  type: "DeliveryDeadLettered",
  data: { ...atPartner(edu), attempts, reason: "partner_removed", cause: "partner_removed" },
});

const identify = (routing?: Routing): SubmissionCommand => ({
  type: "identify",
  person: { person_id: person, match: "new" },
  sealed: personal,
  ...(routing && { routing }),
  deliveryId,
});
const route = (routing: Routing): SubmissionCommand => ({ type: "route", routing, deliveryId });
const toEdu: Routing = { partners: [edu], rule, version: 3, decided };
const record = (outcome: Outcome, ...closed: PartnerId[]): SubmissionCommand => ({
  type: "record_outcome",
  outcome,
  isOpen: (partner) => !closed.includes(partner),
  deliveryId,
});
const deliverAgain: SubmissionCommand = { type: "deliver_again", deliveryId };

const given = (...events: SubmissionEvent[]) => {
  const { state, when } = givenEvents(submissionDecider, ...events);
  return {
    when(command: SubmissionCommand) {
      const made = when(command);
      return {
        decides(...expected: SubmissionEvent[]) {
          made.then(...expected);
          assert.not.throws(() => expected.reduce(evolve, state), "what is decided must be possible");
        },
        refuses: (reason: SubmissionRefusal) => made.thenRefused(reason),
      };
    },
  };
};

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

test("is given up before it is routed", () => {
  given(received)
    .when({ type: "dead_letter", stage: "identify", reason: "exhausted", attempts: 3 })
    .decides(deadAt("identify"));
  given(received, identified, routed(routeTo(edu)))
    .when({ type: "dead_letter", stage: "identify", reason: "exhausted", attempts: 3 })
    .refuses("already_routed");
  given(received, identified, routed(routeTo(edu)), rejected)
    .when({ type: "dead_letter", stage: "identify", reason: "exhausted", attempts: 3 })
    .refuses("already_ended");
});

test("comes back from the dead letters to its stage", () => {
  given(received, deadAt("identify")).when({ type: "redrive" }).decides(redriven("identify"));
  given(received, deadAt("identify"), redriven("identify"))
    .when(identify(toEdu))
    .decides(identifiedOnTheWay, routed(routeTo(edu)));
  given(received, identified, routed(routeTo(edu)))
    .when({ type: "redrive" })
    .refuses("not_dead_lettered");
});

test("comes back to the same partner with attempts of its own, and to it as the delivery that it was", () => {
  const history = [received, identified, routed(routeTo(edu)), deadAt("deliver", edu)];
  given(...history)
    .when({ type: "redrive" })
    .decides(redriven("deliver", edu));
  given(...history, redriven("deliver", edu))
    .when(deliverAgain)
    .decides(laterLeg({ ...routeTo(edu, 2), sent_as: deliveryId(edu, 1) }));
  const again = [redriven("deliver", edu), laterLeg({ ...routeTo(edu, 2), sent_as: deliveryId(edu, 1) })];
  given(...history, ...again, deadAt("deliver", edu), redriven("deliver", edu))
    .when(deliverAgain)
    .decides(laterLeg({ ...routeTo(edu, 3), sent_as: deliveryId(edu, 1) }));
  given(...history, redriven("deliver", edu))
    .when(record(rejection(edu)))
    .refuses("already_ended");
  given(...history)
    .when(deliverAgain)
    .refuses("nothing_to_deliver");
});

test("goes to the next partner under an id of its own, also after it was fetched back", () => {
  const second = { ...routeTo(edu, 2, [fin]), sent_as: deliveryId(edu, 1) };
  given(
    received,
    identified,
    routed(routeTo(edu, 1, [fin])),
    deadAt("deliver", edu),
    redriven("deliver", edu),
    laterLeg(second),
  )
    .when(record(rejection(edu, 2)))
    .decides(laterLeg(routeTo(fin, 3)));
});

test("is fetched back once", () => {
  given(received, deadAt("route"), redriven("route")).when({ type: "redrive" }).refuses("not_dead_lettered");
});

test("is discarded, and never fetched back", () => {
  const discarded: SubmissionEvent = {
    type: "SubmissionDiscarded",
    data: { submission_id: id, stage: "deliver", partner: edu, reason: "a test" },
  };
  const history = [received, identified, routed(routeTo(edu)), deadAt("deliver", edu)];
  given(...history)
    .when({ type: "discard", reason: "a test" })
    .decides(discarded);
  for (const command of [{ type: "redrive" }, { type: "discard", reason: "again" }, correct] as const)
    given(...history, discarded)
      .when(command)
      .refuses("not_dead_lettered");
  given(received, identified, routed(routeTo(edu)))
    .when({ type: "discard", reason: "too early" })
    .refuses("not_dead_lettered");
});

test("is put right where its partner declined it, and sent as another delivery", () => {
  const history = [received, identified, routed(routeTo(edu)), rejected];
  given(...history)
    .when(correct)
    .decides(corrected, redriven("deliver", edu));
  const { type, data } = laterLeg(routeTo(edu, 2)) as Extract<SubmissionEvent, { type: "SubmissionRouted" }>;
  given(...history, corrected, redriven("deliver", edu))
    .when(deliverAgain)
    .decides({ type, data: { ...data, sealed: retagged } });
  given(...history)
    .when({ type: "redrive" })
    .refuses("not_dead_lettered");
});

test("is put right where it was never sent, and not where its partner may have it", () => {
  given(received, deadAt("identify")).when(correct).decides(corrected, redriven("identify"));
  const sent = [received, identified, routed(routeTo(edu))];
  given(...sent, deadAt("deliver", edu, { cause: "poison" }))
    .when(correct)
    .decides(corrected, redriven("deliver", edu));
  for (const cause of ["retries_exhausted", "outcome_unknown"] as const)
    given(...sent, deadAt("deliver", edu, { cause }))
      .when(correct)
      .refuses("not_to_be_corrected");
  given(...sent)
    .when(correct)
    .refuses("not_dead_lettered");
});

test("whose outcome is unknown is held until somebody has found out", () => {
  const history = [
    received,
    identified,
    routed(routeTo(edu)),
    deadAt("deliver", edu, { cause: "outcome_unknown" }),
  ];
  given(...history)
    .when({ type: "redrive" })
    .refuses("outcome_unknown");
  given(...history)
    .when(record(reconciliation("delivered")))
    .decides(reconciled("delivered"));
  given(...history, reconciled("delivered"))
    .when({ type: "redrive" })
    .refuses("not_dead_lettered");
  given(...history)
    .when(record(reconciliation("not_delivered")))
    .decides(reconciled("not_delivered"));
  given(...history, reconciled("not_delivered"))
    .when({ type: "redrive" })
    .decides(redriven("deliver", edu));
  given(...history, reconciled("not_delivered"))
    .when(record(reconciliation("delivered")))
    .refuses("already_ended");
  given(...history)
    .when(record(reconciliation("delivered", 2)))
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
