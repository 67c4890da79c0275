// One lead as the read model keeps it, and what each event makes of it. The payload stays sealed, and in a row of its own.
import type { Sealed } from "#domain/event.ts";
import type { AliasId, PersonId } from "#domain/ids.ts";
import { deadReason, PARTNER_STREAM_PREFIX } from "#domain/partner/events.ts";
import type { Stage } from "#domain/submission/events.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import { changesOf, type LeadEvent, type LeadState, received } from "../lead-state.ts";

/** Revisions in the stream of each partner. */
export type PartnerRevisions = Readonly<Record<string, readonly number[]>>;

export interface LeadRow extends LeadState {
  /** Of the first event: the order in which leads came. */
  readonly position: bigint;
  /** Of the newest event that is in this row. */
  readonly last_position: bigint;
  readonly person_id: PersonId | null;
  readonly alias_id: AliasId | null;
  readonly attempts: number;
  readonly reason: string | null;
  /** The same in the partner's own words, under the context of the delivery. */
  readonly sealed_reason: Sealed | null;
  /** Of a dead letter: where it ended. */
  readonly stage: Stage | null;
  readonly updated_at: Date;
  /** Where its partners' streams tell of it. */
  readonly partner_events: PartnerRevisions;
  /** Whether its hashes are in the search table. */
  readonly searchable: boolean;
  /** Its payload is gone, since it is older than payloads are retained. */
  readonly expired: boolean;
}

export interface PayloadRow {
  /** Of the lead's first event. */
  readonly position: bigint;
  readonly sealed: Sealed;
}

/** The lead's payload where the event brings one. */
export function payloadOf(event: LeadEvent): Sealed | undefined {
  switch (event.type) {
    case "SubmissionReceived":
    case "PersonIdentified":
    case "SubmissionRouted":
    case "SubmissionCorrected":
      return event.data.sealed;
    default:
      return undefined;
  }
}

/** Undefined where the lead's beginning is not known: then there is nothing to change. */
export function evolve(row: LeadRow | undefined, event: LeadEvent, raw: StoredEvent): LeadRow | undefined {
  const updated_at = new Date(raw.metadata.at);
  const last_position = raw.position;
  if (event.type === "SubmissionReceived") {
    return {
      ...received(event),
      position: raw.position,
      last_position,
      person_id: null,
      alias_id: null,
      attempts: 0,
      ...why(null),
      stage: null,
      updated_at,
      partner_events: {},
      searchable: false,
      expired: false,
    };
  }
  if (row === undefined) return undefined;
  const seen = { ...row, last_position, partner_events: withRevision(row.partner_events, event, raw) };
  const state = changesOf(row, event);
  if (state === undefined) return seen;
  const expired = row.expired && payloadOf(event) === undefined;
  return { ...seen, ...state, ...details(event), expired, updated_at };
}

function withRevision(known: PartnerRevisions, { data }: LeadEvent, raw: StoredEvent): PartnerRevisions {
  if (!raw.stream.startsWith(PARTNER_STREAM_PREFIX) || !("delivery_id" in data)) return known;
  return { ...known, [data.partner]: [...revisionsOf(known, data.partner), Number(raw.revision)] };
}

/** A partner may be called as what every object inherits. */
export const revisionsOf = (known: PartnerRevisions, partner: string): readonly number[] =>
  Object.hasOwn(known, partner) ? (known[partner] ?? []) : [];

const why = (reason: string | null = null, sealed_reason: Sealed | null = null) => ({
  reason,
  sealed_reason,
});

type Details = Omit<LeadRow, keyof LeadState>;

function details(event: Exclude<LeadEvent, { type: "SubmissionReceived" }>): Partial<Details> {
  switch (event.type) {
    case "PersonIdentified":
      return {
        person_id: event.data.person_id ?? null,
        alias_id: event.data.alias_id ?? null,
      };
    case "SubmissionRouted":
      return { attempts: 0, ...why(null) };
    case "SubmissionUnrouted":
    case "DeliveryFailed":
    case "DeliveryHeld":
    case "DeliveryReturned":
      return why(event.data.reason);
    case "DeliveryStarted":
      return { attempts: event.data.attempt };
    case "DeliverySucceeded":
      return { attempts: event.data.attempt, ...why(event.data.reason, event.data.sealed_reason) };
    case "DeliveryDuplicated":
    case "SubmissionRejected":
      return { attempts: event.data.attempts, ...why(event.data.reason, event.data.sealed_reason) };
    case "SubmissionDeadLettered":
      return { attempts: event.data.attempts, ...why(deadReason(event.data)), stage: event.data.stage };
    case "SubmissionRedriven":
      return { ...why(null), stage: null };
    case "SubmissionDiscarded":
      return { ...why(event.data.reason), stage: null };
    case "DeliveryReconciled":
    case "SubmissionReconciled":
      return event.data.outcome === "delivered" ? { ...why(event.data.reason), stage: null } : {};
    case "SubmissionCorrected":
    case "DeliveryRejected":
    case "DeliveryPassedOn":
    case "DeliveryDeadLettered":
      // Its payload, or what the lead's own actor writes in an event of its own.
      return {};
  }
}
