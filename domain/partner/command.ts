import type { Decision } from "../decider.ts";
import type { Sealed } from "../event.ts";
import type { DeliveryId, PartnerId, SubmissionId } from "../ids.ts";
import type { PartnerConfig } from "./config.ts";
import type { PartnerEvent, Reconciliation, SentFor, Timings } from "./events.ts";
import type { AttemptOutcome } from "./outcome.ts";
import type { Past } from "./past.ts";

// What can be asked of the writer of a partner's stream. Time, chance, what is configured and what is sealed come in with the command.

/** What the partner's configuration says about deciding. */
export type Policy = Pick<PartnerConfig, "retry" | "circuit" | "idempotent" | "dedupe" | "caps" | "schedule">;

/** Which delivery a command is about. */
export interface About {
  readonly partner: PartnerId;
  readonly delivery_id: DeliveryId;
  readonly submission_id: SubmissionId;
  /** The member of a campaign that it is sent for. */
  readonly sent_for?: SentFor | undefined;
}

/** The same as events have it. */
export const aboutOf = ({ partner, delivery_id, submission_id, sent_for }: About): About => ({
  partner,
  delivery_id,
  submission_id,
  ...(sent_for !== undefined && { sent_for }),
});

export interface StartAttempt extends About {
  readonly type: "start_attempt";
  readonly past?: Past | undefined;
  readonly dedupe_key: string;
  /** Another partner follows in its waterfall. */
  readonly has_next?: boolean;
  readonly sealed_request: Sealed;
  /** Which configuration of the partner is used; undefined where nothing is recorded of it. */
  readonly config_version?: number;
  readonly policy: Policy;
  readonly at: number;
}

export interface RecordOutcome extends About {
  readonly type: "record_outcome";
  readonly attempt: number;
  readonly outcome: AttemptOutcome;
  readonly timings: Timings;
  readonly sealed_response?: Sealed;
  /** The reason in the partner's own words. */
  readonly sealed_reason?: Sealed;
  readonly policy: Policy;
  readonly at: number;
  /** From 0 to 1. */
  readonly chance: number;
}

/** No attempt can be made, now or later. */
export interface GiveUp extends About {
  readonly type: "give_up";
  readonly past?: Past | undefined;
  readonly cause: "partner_removed" | "drained" | "forgotten" | "poison" | "dedupe_failed";
  readonly reason: string;
}

/** It was removed, and nothing is left to do for it. */
export interface Retire {
  readonly type: "retire";
  readonly partner: PartnerId;
  readonly at: number;
}

/** The partner gives back what it was delivered, as its stream says. */
export interface ReturnDelivery extends About {
  readonly type: "return_delivery";
  readonly past?: Past | undefined;
  readonly reason: string;
  /** Of the attempt that succeeded, in milliseconds. */
  readonly started_at: number;
  readonly price?: number | undefined;
}

/** Somebody has found out whether the partner has what its outcome was unknown of. */
export interface ReconcileDelivery extends About {
  readonly type: "reconcile_delivery";
  readonly outcome: Reconciliation;
  readonly reason: string;
  readonly price?: number | undefined;
}

export type PartnerCommand =
  | StartAttempt
  | RecordOutcome
  | GiveUp
  | Retire
  | ReturnDelivery
  | ReconcileDelivery;

export type PartnerRefusal =
  | { readonly reason: "already_ended" | "in_flight" | "not_calling" | "held" }
  /** The circuit is open, or it waits for its next attempt: nothing happens before `until`. */
  | { readonly reason: "circuit_open"; readonly until: number }
  /** With a timer, it will be mailed again then. */
  | { readonly reason: "not_yet"; readonly until: number; readonly timer: boolean }
  | { readonly reason: "probe_in_flight" | "not_ended" }
  | { readonly reason: "not_delivered" | "already_returned" | "not_in_doubt" }
  /** What the state holds no more has to be looked up first. */
  | { readonly reason: "past_unknown" }
  /** Another delivery with the same dedupe key has to end first; `until` is when it is tried again, undefined while it is called. */
  | { readonly reason: "key_in_flight"; readonly by: DeliveryId; readonly until: number | undefined };

export type PartnerDecision = Decision<PartnerEvent, PartnerRefusal>;
