// What an event makes of the part of a lead that leads are filtered and counted by: the same in every read model.
import type { DeliveryId, PartnerId, RuleId, SourceId, SubmissionId } from "#domain/ids.ts";
import { PARTNER_STREAM_PREFIX, type PartnerEvent } from "#domain/partner/events.ts";
import { type Kind, SUBMISSION_STREAM_PREFIX, type SubmissionEvent } from "#domain/submission/events.ts";
import { nextStatus, type Status } from "#domain/submission/machine.ts";
import type { Known } from "./decoding.ts";

type AboutOne = Extract<PartnerEvent, { data: { submission_id: unknown } }>;
export type LeadEvent = SubmissionEvent | AboutOne;
type Received = Extract<LeadEvent, { type: "SubmissionReceived" }>;

export function isAboutALead(one: Known): one is Known<LeadEvent> {
  const { stream } = one.raw;
  const isOurs = stream.startsWith(SUBMISSION_STREAM_PREFIX) || stream.startsWith(PARTNER_STREAM_PREFIX);
  const { data } = one.event;
  // What a campaign sends is no lead.
  return isOurs && "submission_id" in data && !("sent_for" in data && data.sent_for !== undefined);
}

export interface LeadState {
  readonly id: SubmissionId;
  readonly kind: Kind;
  readonly source: SourceId;
  readonly status: Status;
  readonly partner: PartnerId | null;
  readonly delivery_id: DeliveryId | null;
  /** By which it was routed. */
  readonly rule: RuleId | null;
  readonly price: number | null;
  readonly received_at: Date;
}

export function received(event: Received): LeadState {
  const { submission_id: id, kind, source, received_at } = event.data;
  return {
    id,
    kind,
    source,
    status: nextStatus(undefined, event) ?? "received",
    partner: null,
    delivery_id: null,
    rule: null,
    price: null,
    received_at: new Date(received_at),
  };
}

/** Undefined where an earlier leg's partner says it late: that changes nothing any more. */
export function changesOf(
  lead: LeadState,
  event: Exclude<LeadEvent, Received>,
): Partial<LeadState> | undefined {
  const { data } = event;
  if ("delivery_id" in data && lead.delivery_id !== null && data.delivery_id !== lead.delivery_id)
    return undefined;
  return { ...changes(event), status: nextStatus(lead.status, event) ?? lead.status };
}

function changes(event: Exclude<LeadEvent, Received>): Partial<LeadState> {
  switch (event.type) {
    case "SubmissionRouted": {
      const { partner, delivery_id, rule } = event.data.route;
      return { partner, delivery_id, rule };
    }
    case "SubmissionUnrouted":
      return { rule: null };
    case "DeliverySucceeded":
      return { price: event.data.price ?? null };
    case "DeliveryReconciled":
    case "SubmissionReconciled":
      return event.data.outcome === "delivered" ? { price: event.data.price ?? null } : {};
    case "DeliveryReturned":
      return { price: null };
    case "PersonIdentified":
    case "SubmissionRejected":
    case "SubmissionDeadLettered":
    case "SubmissionRedriven":
    case "SubmissionCorrected":
    case "SubmissionDiscarded":
    case "DeliveryStarted":
    case "DeliveryFailed":
    case "DeliveryHeld":
    case "DeliveryDuplicated":
    case "DeliveryRejected":
    case "DeliveryPassedOn":
    case "DeliveryDeadLettered":
      return {};
  }
}

/** The leads in a batch that began before it. */
export function begunBefore(known: readonly Known<LeadEvent>[]): SubmissionId[] {
  const begun = new Set<SubmissionId>();
  const older = new Set<SubmissionId>();
  for (const { event } of known) {
    const id = event.data.submission_id;
    if (event.type === "SubmissionReceived") begun.add(id);
    else if (!begun.has(id)) older.add(id);
  }
  return [...older];
}
