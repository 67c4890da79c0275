import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DeliveryId, PartnerId, PersonId, RuleId, SourceId, SubmissionId } from "../ids.ts";
import {
  type DeliveryIds,
  type Outcome,
  type SubmissionCommand,
  type SubmissionRefusal,
  submissionDecider,
} from "./decide.ts";
import { Stage } from "./events.ts";
import type { Status } from "./machine.ts";
import { evolve, type SubmissionState } from "./state.ts";

// Every command in every state that commands can lead to: it is accepted and what it decides can be folded, or it is refused
// by name. Nothing throws, and no delivery id comes twice.

const id = SubmissionId.parse("6b1f0a52-1111-8000-8000-000000000001");
const sealed = { key: "k", iv: "i", tag: "t", data: "d" };
const rule = RuleId.parse("only");
const [edu, fin] = [PartnerId.parse("edu"), PartnerId.parse("fin")];
const deliveryId: DeliveryIds = (partner, leg) =>
  DeliveryId.parse(
    `6b1f0a52-3333-8000-8000-00000000${partner === edu ? "ed" : "f1"}${`${leg}`.padStart(2, "0")}`,
  );

const born = evolve(undefined, {
  type: "SubmissionReceived",
  data: {
    submission_id: id,
    kind: "lead",
    source: SourceId.parse("demo"),
    received_at: "2026-01-01T00:00:00.000Z",
    fingerprint: "f",
    key_fingerprint: "k",
    sealed,
  },
});

const person = { person_id: PersonId.parse("6b1f0a52-2222-8000-8000-000000000002"), match: "new" } as const;
const decided = { at: "2026-01-01T00:00:01.000Z", seed: 1, closed: [] };
const routings = [
  { partners: [edu], rule, version: 1, decided },
  { partners: [edu, fin], rule, version: 1, decided },
  { partners: null, reason: "no_rule_matched", version: 1, decided },
] as const;

function commandsIn(state: SubmissionState): SubmissionCommand[] {
  return [
    { type: "identify", person, sealed, deliveryId },
    ...routings.map((routing) => ({ type: "identify", person, sealed, routing, deliveryId }) as const),
    ...routings.map((routing) => ({ type: "route", routing, deliveryId }) as const),
    ...[() => true, () => false].flatMap((isOpen) =>
      outcomesIn(state).map((outcome) => ({ type: "record_outcome", outcome, isOpen, deliveryId }) as const),
    ),
    ...Stage.options.map((stage) => ({ type: "dead_letter", stage, reason: "x", attempts: 3 }) as const),
    { type: "redrive" },
    { type: "correct", sealed: { ...sealed, data: "put right" } },
    { type: "discard", reason: "x" },
    { type: "deliver_again", deliveryId },
  ];
}

function outcomesIn({ route }: SubmissionState): Outcome[] {
  const delivery_id = route?.delivery_id ?? deliveryId(edu, 99);
  const about = { submission_id: id, partner: route?.partner ?? edu, delivery_id };
  const attempt = { ...about, attempt: 1, timings: { total_ms: 1, partner_ms: 1, overhead_ms: 0 } };
  return [
    { type: "DeliveryRejected", data: { ...attempt, reason: "no" } },
    { type: "DeliveryPassedOn", data: { ...about, attempts: 0, reason: "cap_day" } },
    ...(["retries_exhausted", "outcome_unknown", "poison"] as const).map(
      (cause) =>
        ({ type: "DeliveryDeadLettered", data: { ...about, attempts: 3, reason: "x", cause } }) as const,
    ),
    ...(["delivered", "not_delivered"] as const).map(
      (outcome) => ({ type: "DeliveryReconciled", data: { ...about, outcome, reason: "asked" } }) as const,
    ),
    // About a leg that is over.
    { type: "DeliveryRejected", data: { ...attempt, delivery_id: deliveryId(fin, 98), reason: "no" } },
  ];
}

const test = suite("a submission's life under every command");

test("accepts or refuses, and can fold what it accepts", () => {
  const DEPTH = 7;
  const seen = new Map<string, SubmissionState>([[JSON.stringify(born), born]]);
  const reached = new Set<Status>();
  const refused = new Set<SubmissionRefusal>();
  let front = [born];
  for (let depth = 0; depth < DEPTH; depth += 1) {
    const next: SubmissionState[] = [];
    for (const state of front) {
      reached.add(state.status);
      for (const command of commandsIn(state)) {
        const decision = submissionDecider.decide(command, state);
        if (!decision.accepted) {
          refused.add(decision.reason);
          continue;
        }
        const after = decision.events.reduce(evolve, state);
        if (after.status === "queued" && after.dead === undefined)
          assert.ok((after.route?.leg ?? 0) > (state.route?.leg ?? 0), "a new leg has a new delivery");
        const key = JSON.stringify(after);
        if (seen.has(key)) continue;
        seen.set(key, after);
        next.push(after);
      }
    }
    front = next;
  }
  assert.equal([...reached].sort(), [
    "dead_lettered",
    "delivered",
    "identified",
    "queued",
    "received",
    "rejected",
    "unrouted",
  ]);
  assert.equal([...refused].sort(), [
    "already_ended",
    "already_identified",
    "already_routed",
    "another_leg",
    "not_dead_lettered",
    "not_to_be_corrected",
    "not_to_be_routed",
    "nothing_to_deliver",
    "outcome_unknown",
  ]);
});

test.run();
