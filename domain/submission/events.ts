import { z } from "zod";
import { type EventOf, Instant, Sealed } from "../event.ts";
import { AliasId, DeliveryId, PartnerId, PersonId, RuleId, SourceId, SubmissionId } from "../ids.ts";
import { DeadCause, Reconciliation } from "../partner/events.ts";

// Stream: submission-<id>. The first event is the gateway's; what an operator decides about a dead letter comes from the gateway or from
// whoever moves many; all else is the lead's actor's. A submission that a partner takes ends in the partner's stream, with
// DeliverySucceeded or DeliveryDuplicated: see docs/decisions/0068.

export const SUBMISSION_STREAM_PREFIX = "submission-";
export const submissionStream = (id: SubmissionId): string => `${SUBMISSION_STREAM_PREFIX}${id}`;

export const Kind = z.enum(["lead", "assistance", "event"]);
export type Kind = z.infer<typeof Kind>;

export const Stage = z.enum(["intake", "identify", "route", "deliver"]);
export type Stage = z.infer<typeof Stage>;

const about = z.object({ submission_id: SubmissionId });
const atPartner = about.extend({ partner: PartnerId, delivery_id: DeliveryId });

/** Where a submission goes now, and where it goes when that partner declines. */
export const Route = z.object({
  partner: PartnerId,
  delivery_id: DeliveryId,
  /** 1 for the first partner of a waterfall, 2 for the next one … */
  leg: z.int().positive(),
  remaining: z.array(PartnerId),
  rule: RuleId.nullable(),
  ruleset_version: z.int().nonnegative(),
  /** The delivery id that the partner may know it by, where it was fetched back from the dead letters. */
  sent_as: DeliveryId.optional(),
});
export type Route = z.infer<typeof Route>;

/** What the rules' decision rested on, beside the submission and what stands sealed with it: enough to take it once more. */
export const Decided = z.object({
  at: Instant,
  /** Below 2^32: says into which part of a split the submission falls. */
  seed: z.int().nonnegative(),
  /** Those partners of the rule that took nothing at that moment; all others did. */
  closed: z.array(z.object({ partner: PartnerId, state: z.enum(["disabled", "unknown"]) })),
  /** Which version of each context object was seen. */
  context: z.array(z.object({ kind: z.string(), version: z.string() })).optional(),
  /** The routing service that the rule asks, and what it answered. */
  asked: z.object({ service: z.string(), partner: PartnerId, reason: z.string().optional() }).optional(),
});
export type Decided = z.infer<typeof Decided>;

/** What was added is optional: an event of an earlier version reads as one without it. */
const decided = { decided: Decided.optional() };
const unchanged = (data: unknown): unknown => data;

export const submissionEvents = {
  SubmissionReceived: {
    version: 1,
    schema: about.extend({
      kind: Kind,
      source: SourceId,
      received_at: Instant,
      /** Keyed hash of the body's bytes: tells a repeat from another body under the same key. */
      fingerprint: z.string(),
      /** Of the producer's own idempotency key, likewise a keyed hash. */
      key_fingerprint: z.string(),
      /** The payload, under the intake key of its day. */
      sealed: Sealed,
    }),
  },
  PersonIdentified: {
    version: 2,
    upcasts: { 1: unchanged },
    schema: about.extend({
      /** Absent where the submission names nobody (an event, an anonymous request). */
      person_id: PersonId.optional(),
      alias_id: AliasId.optional(),
      match: z.enum(["new", "same", "alias", "merged", "nobody"]),
      /** The payload once more, under the person's own key. Absent where the SubmissionRouted of the same append holds it. */
      sealed: Sealed.optional(),
    }),
  },
  SubmissionRouted: {
    version: 3,
    upcasts: { 1: unchanged, 2: unchanged },
    schema: about.extend({
      kind: Kind,
      source: SourceId,
      received_at: Instant,
      person_id: PersonId.optional(),
      key_fingerprint: z.string(),
      route: Route,
      /** What the partner is to get; the mailbox message must be enough to deliver. Holds what the rules were told besides. */
      sealed: Sealed,
      /** Absent on a later leg of the same decision. */
      ...decided,
    }),
  },
  SubmissionUnrouted: {
    version: 2,
    upcasts: { 1: unchanged },
    schema: about.extend({
      reason: z.string(),
      ruleset_version: z.int().nonnegative(),
      ...decided,
      /** Where the rules were told something else than what stands sealed in PersonIdentified. */
      sealed: Sealed.optional(),
    }),
  },
  SubmissionRejected: {
    version: 1,
    schema: atPartner.extend({
      attempts: z.int(),
      reason: z.string(),
      /** In the partner's own words, as its event has it. */
      sealed_reason: Sealed.optional(),
    }),
  },
  SubmissionDeadLettered: {
    version: 2,
    upcasts: { 1: unchanged },
    schema: about.extend({
      stage: Stage,
      partner: PartnerId.optional(),
      attempts: z.int(),
      reason: z.string(),
      /** Of one that ended in delivery. */
      cause: DeadCause.optional(),
    }),
  },
  /** Fetched back from the dead letters to its stage. */
  SubmissionRedriven: {
    version: 1,
    schema: about.extend({ stage: Stage, partner: PartnerId.optional() }),
  },
  /** An operator has put it right before it is fetched back; what it was before stands in the events before. */
  SubmissionCorrected: {
    version: 1,
    schema: about.extend({ sealed: Sealed, reason: z.string().optional() }),
  },
  /** An operator has decided that nothing more is done about a dead letter. */
  SubmissionDiscarded: {
    version: 1,
    schema: about.extend({ stage: Stage, partner: PartnerId.optional(), reason: z.string() }),
  },
  /** What somebody found out about a dead letter of which it was unknown whether the partner has it. */
  SubmissionReconciled: {
    version: 1,
    schema: atPartner.extend({
      outcome: Reconciliation,
      reason: z.string(),
      price: z.number().optional(),
    }),
  },
} as const;

export type SubmissionEvent = EventOf<typeof submissionEvents>;

/** Whether this is what sends a submission, or a campaign's member, to its partner as this delivery: what is mailed to have it delivered. */
export function isRouteOf(
  { type, data }: { readonly type: string; readonly data: unknown },
  delivery: DeliveryId,
): boolean {
  const route = (data as { readonly route?: { readonly delivery_id?: unknown } } | null)?.route;
  const isRoute = type === "SubmissionRouted" || type === "MemberSendRequested";
  return isRoute && route?.delivery_id === delivery;
}
