import { z } from "zod";
import { type EventOf, Instant, Sealed } from "../event.ts";
import { CampaignId, DeliveryId, MemberId, PartnerId, SubmissionId } from "../ids.ts";

// Stream: partner-<id>. One writer, the partner's actor: everything that happened between us and that partner.

export const PARTNER_STREAM_PREFIX = "partner-";
export const partnerStream = (id: PartnerId): string => `${PARTNER_STREAM_PREFIX}${id}`;

/** For whom a campaign sends, and where in the campaign's stream it says so. */
export const SentFor = z.object({
  campaign: CampaignId,
  member_id: MemberId,
  revision: z.int().nonnegative(),
});
export type SentFor = z.infer<typeof SentFor>;

const delivery = z.object({
  partner: PartnerId,
  delivery_id: DeliveryId,
  /** Of a campaign's send: an id that it goes by in the place of a submission's. */
  submission_id: SubmissionId,
  sent_for: SentFor.optional(),
});

/** How long the attempt took as a whole, and how much of that was the partner's. */
const Timings = z.object({ total_ms: z.number(), partner_ms: z.number(), overhead_ms: z.number() });
export type Timings = z.infer<typeof Timings>;

/** Where it was until now, if not in the partner's mailbox: it was held, or waited for a timer. */
const waited = z.enum(["held", "timer"]).optional();
export type Waited = NonNullable<z.infer<typeof waited>>;

/** The partner may have taken it, so it counts as taken until that is known. At the end of a delivery: by any of its attempts. */
const in_doubt = z.literal(true).optional();

/** Why a delivery has ended without its partner having decided; "drained" is a removal too, after which no other partner gets it. */
export const DeadCause = z.enum([
  "retries_exhausted",
  "outcome_unknown",
  "partner_removed",
  "drained",
  "forgotten",
  "poison",
  "dedupe_failed",
]);
export type DeadCause = z.infer<typeof DeadCause>;

/** As people are told: what the last attempt met says nothing of whether the partner has it. */
export const deadReason = (dead: {
  readonly cause?: DeadCause | undefined;
  readonly reason: string;
}): string => (dead.cause === "outcome_unknown" ? dead.cause : dead.reason);

/** What somebody found out about a delivery of which the partner's outcome was unknown. */
export const Reconciliation = z.enum(["delivered", "not_delivered"]);
export type Reconciliation = z.infer<typeof Reconciliation>;

const attempt = delivery.extend({ attempt: z.int().positive() });
/** What the partner sent back, as the timeline shows it; it may repeat personal data. */
const sealed_response = Sealed.optional();
/**
 * The reason in the partner's own words, a text under the delivery's context. Beside it `reason` is a word of ours; what earlier releases
 * wrote has the partner's there.
 */
const sealed_reason = Sealed.optional();
const attempted = attempt.extend({ timings: Timings, sealed_response, sealed_reason });
/** The same where perhaps no attempt was made. */
const perhapsAttempted = delivery.extend({
  attempts: z.int(),
  timings: Timings.optional(),
  sealed_response,
  sealed_reason,
});

/** We broke the attempt off, or never made it: whatever came of it is no fault of the partner's. */
const interrupted = z.literal(true).optional();

export const partnerEvents = {
  DeliveryStarted: {
    version: 1,
    schema: attempt.extend({
      /** Keyed hash of the partner's dedupe key. */
      dedupe_key: z.string(),
      started_at: Instant,
      /** Of the partner's configuration that is used; it is missing in what earlier releases wrote. */
      config_version: z.int().positive().optional(),
      /** The request as it is about to be sent. */
      sealed_request: Sealed,
      waited,
    }),
  },
  DeliverySucceeded: {
    version: 1,
    schema: attempted.extend({ price: z.number().optional(), reason: z.string().optional() }),
  },
  /** Transient: the same delivery is tried again at `retry_at`. */
  DeliveryFailed: {
    version: 1,
    schema: attempted.extend({
      reason: z.string(),
      retry_at: Instant,
      interrupted,
      in_doubt,
      /** Too long for a mailbox: a timer mails it again. */
      timer: z.literal(true).optional(),
    }),
  },
  /** Permanent: the partner has declined. */
  DeliveryRejected: { version: 1, schema: attempted.extend({ reason: z.string() }) },
  /** Not sent, or called a duplicate by the partner itself. */
  DeliveryDuplicated: {
    version: 1,
    schema: perhapsAttempted.extend({
      of: DeliveryId.optional(),
      reason: z.string(),
      config_version: z.int().positive().optional(),
      waited,
    }),
  },
  /** Waits for what no attempt can change: the partner's caps or its schedule. Its mail is done with; the actor mails it again. */
  DeliveryHeld: {
    version: 1,
    schema: delivery.extend({
      attempts: z.int().optional(),
      reason: z.string(),
      until: Instant.optional(),
      waited,
    }),
  },
  /** Would have to be held, and goes on to the next partner of its waterfall instead. */
  DeliveryPassedOn: {
    version: 1,
    schema: delivery.extend({ attempts: z.int(), reason: z.string(), waited }),
  },
  /** The partner gives back what it was delivered: it counts no more. */
  DeliveryReturned: {
    version: 1,
    schema: delivery.extend({ reason: z.string(), started_at: Instant, price: z.number().optional() }),
  },
  DeliveryDeadLettered: {
    version: 1,
    schema: perhapsAttempted.extend({
      reason: z.string(),
      interrupted,
      in_doubt,
      waited,
      cause: DeadCause,
    }),
  },
  /** Of a dead letter of which it was unknown whether the partner has it: somebody has found out. */
  DeliveryReconciled: {
    version: 1,
    schema: delivery.extend({
      outcome: Reconciliation,
      reason: z.string(),
      price: z.number().optional(),
    }),
  },
  CircuitOpened: { version: 1, schema: z.object({ partner: PartnerId, until: Instant, reason: z.string() }) },
  CircuitHalfOpened: { version: 1, schema: z.object({ partner: PartnerId, probe: DeliveryId }) },
  CircuitClosed: { version: 1, schema: z.object({ partner: PartnerId }) },
  /** It was removed, and all that waited for it has ended: whoever is configured under its id later begins anew. */
  PartnerRetired: { version: 1, schema: z.object({ partner: PartnerId }) },
} as const;

export type PartnerEvent = EventOf<typeof partnerEvents>;
