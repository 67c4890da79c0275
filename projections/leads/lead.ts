// One lead as the read model keeps it, and what each event makes of it. The payload stays sealed.
import type { Sealed } from "#domain/event.ts";
import type {
  AliasId,
  DeliveryId,
  PartnerId,
  PersonId,
  RuleId,
  SourceId,
  SubmissionId,
} from "#domain/ids.ts";
import { PARTNER_STREAM_PREFIX, type PartnerEvent } from "#domain/partner/events.ts";
import {
  type Kind,
  type Stage,
  SUBMISSION_STREAM_PREFIX,
  type SubmissionEvent,
} from "#domain/submission/events.ts";
import { nextStatus, type Status } from "#domain/submission/machine.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import type { Known } from "../decoding.ts";

type AboutOne = Extract<PartnerEvent, { data: { submission_id: unknown } }>;
export type LeadEvent = SubmissionEvent | AboutOne;

export function isAboutALead(one: Known): one is Known<LeadEvent> {
  const { stream } = one.raw;
  const isOurs = stream.startsWith(SUBMISSION_STREAM_PREFIX) || stream.startsWith(PARTNER_STREAM_PREFIX);
  return isOurs && "submission_id" in one.event.data;
}

/** Revisions in the stream of each partner. */
export type PartnerRevisions = Readonly<Record<string, readonly number[]>>;

export interface LeadRow {
  readonly id: SubmissionId;
  /** Of the first event: the order in which leads came. */
  readonly position: bigint;
  /** Of the newest event that is in this row. */
  readonly last_position: bigint;
  readonly kind: Kind;
  readonly source: SourceId;
  readonly status: Status;
  readonly person_id: PersonId | null;
  readonly alias_id: AliasId | null;
  readonly partner: PartnerId | null;
  readonly delivery_id: DeliveryId | null;
  /** By which it was routed. */
  readonly rule: RuleId | null;
  readonly attempts: number;
  readonly reason: string | null;
  /** The same in the partner's own words, under the context of the delivery. */
  readonly sealed_reason: Sealed | null;
  /** Of a dead letter: where it ended. */
  readonly stage: Stage | null;
  readonly price: number | null;
  readonly received_at: Date;
  readonly updated_at: Date;
  /** Where its partners' streams tell of it. */
  readonly partner_events: PartnerRevisions;
  /** Whether its hashes are in the search table. */
  readonly searchable: boolean;
  readonly sealed: Sealed;
}

/** Undefined where the lead's beginning is not known: then there is nothing to change. */
export function evolve(row: LeadRow | undefined, event: LeadEvent, raw: StoredEvent): LeadRow | undefined {
  const updated_at = new Date(raw.metadata.at);
  const last_position = raw.position;
  if (event.type === "SubmissionReceived") {
    const { submission_id, kind, source, received_at, sealed } = event.data;
    return {
      id: submission_id,
      position: raw.position,
      last_position,
      kind,
      source,
      status: nextStatus(undefined, event) ?? "received",
      person_id: null,
      alias_id: null,
      partner: null,
      delivery_id: null,
      rule: null,
      attempts: 0,
      ...why(null),
      stage: null,
      price: null,
      received_at: new Date(received_at),
      updated_at,
      partner_events: {},
      searchable: false,
      sealed,
    };
  }
  if (row === undefined) return undefined;
  const seen = { ...row, last_position, partner_events: withRevision(row.partner_events, event, raw) };
  // What an earlier leg's partner says late changes nothing any more.
  if ("delivery_id" in event.data && row.delivery_id !== null && event.data.delivery_id !== row.delivery_id)
    return seen;
  const status = nextStatus(row.status, event) ?? row.status;
  return { ...seen, ...changes(event), status, updated_at };
}

function withRevision(known: PartnerRevisions, { data }: LeadEvent, raw: StoredEvent): PartnerRevisions {
  if (!raw.stream.startsWith(PARTNER_STREAM_PREFIX) || !("delivery_id" in data)) return known;
  return { ...known, [data.partner]: [...(known[data.partner] ?? []), Number(raw.revision)] };
}

const why = (reason: string | null = null, sealed_reason: Sealed | null = null) => ({
  reason,
  sealed_reason,
});

function changes(event: Exclude<LeadEvent, { type: "SubmissionReceived" }>): Partial<LeadRow> {
  switch (event.type) {
    case "PersonIdentified":
      return {
        person_id: event.data.person_id ?? null,
        alias_id: event.data.alias_id ?? null,
        ...(event.data.sealed && { sealed: event.data.sealed }),
      };
    case "SubmissionRouted":
      return {
        partner: event.data.route.partner,
        delivery_id: event.data.route.delivery_id,
        rule: event.data.route.rule,
        attempts: 0,
        ...why(null),
        sealed: event.data.sealed,
      };
    case "SubmissionUnrouted":
      return { ...why(event.data.reason), rule: null };
    case "DeliveryFailed":
    case "DeliveryHeld":
      return why(event.data.reason);
    case "DeliveryStarted":
      return { attempts: event.data.attempt };
    case "DeliverySucceeded":
      return {
        attempts: event.data.attempt,
        ...why(event.data.reason, event.data.sealed_reason),
        price: event.data.price ?? null,
      };
    case "DeliveryDuplicated":
    case "SubmissionRejected":
      return { attempts: event.data.attempts, ...why(event.data.reason, event.data.sealed_reason) };
    case "SubmissionDeadLettered":
      return { attempts: event.data.attempts, ...why(event.data.reason), stage: event.data.stage };
    case "SubmissionRedriven":
      return { ...why(null), stage: null };
    case "SubmissionCorrected":
      return { sealed: event.data.sealed };
    case "SubmissionDiscarded":
      return { ...why(event.data.reason), stage: null };
    case "DeliveryReconciled":
    case "SubmissionReconciled":
      return event.data.outcome === "delivered"
        ? { ...why(event.data.reason), price: event.data.price ?? null, stage: null }
        : {};
    case "DeliveryReturned":
      return { ...why(event.data.reason), price: null };
    case "DeliveryRejected":
    case "DeliveryPassedOn":
    case "DeliveryDeadLettered":
      // The lead's own actor writes what these mean.
      return {};
  }
}
