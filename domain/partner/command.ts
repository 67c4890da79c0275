import type { Sealed } from "../event.ts";
import type { DeliveryId, PartnerId, SubmissionId } from "../ids.ts";
import type { PartnerConfig } from "./config.ts";
import type { PartnerEvent } from "./events.ts";
import type { Verdict } from "./verdict.ts";

// What the partner's actor can be told to write into its book, and what it may answer.

export interface Timings {
  readonly total_ms: number;
  readonly partner_ms: number;
  readonly overhead_ms: number;
}

/** What the partner's configuration says about deciding. */
export type Policy = Pick<PartnerConfig, "retry" | "circuit" | "idempotent" | "dedupe">;

interface About {
  readonly partner: PartnerId;
  readonly delivery_id: DeliveryId;
  readonly submission_id: SubmissionId;
}

export interface Deliver extends About {
  readonly type: "deliver";
  readonly dedupe_key: string;
  readonly sealed_request: Sealed;
  readonly at: number;
}

export interface Settle extends About {
  readonly type: "settle";
  readonly attempt: number;
  readonly verdict: Verdict;
  readonly timings: Timings;
  readonly http_status?: number;
  readonly sealed_response?: Sealed;
  readonly at: number;
  /** From 0 to 1. */
  readonly chance: number;
}

/** Nothing can be sent any more. */
export interface GiveUp extends About {
  readonly type: "give_up";
  readonly cause: "partner_removed" | "forgotten" | "poison";
  readonly reason: string;
}

export type Command = Deliver | Settle | GiveUp;

export type Refusal =
  | { readonly reason: "already_ended" | "in_flight" | "not_calling" }
  /** It waits for its next attempt, or the circuit is open: nothing happens before `until`. */
  | { readonly reason: "not_yet" | "circuit_open"; readonly until: number }
  /** Another delivery has to end first: the one that probes the partner, or one with the same dedupe key. */
  | { readonly reason: "probe_in_flight" | "key_in_flight" };

export type Decision =
  | { readonly accepted: true; readonly events: readonly PartnerEvent[] }
  | ({ readonly accepted: false } & Refusal);
