// One lead as the read model keeps it, and what each event makes of it. The payload stays sealed.
import type { Sealed } from "#domain/event.ts";
import { identityEvents } from "#domain/identity/events.ts";
import { type PartnerEvent, partnerEvents } from "#domain/partner/events.ts";
import { type Stage, type SubmissionEvent, submissionEvents } from "#domain/submission/events.ts";
import { nextStatus, type Status } from "#domain/submission/machine.ts";

type AboutOne = Extract<PartnerEvent, { data: { submission_id: unknown } }>;
export type LeadEvent = SubmissionEvent | AboutOne;

const { CircuitOpened, CircuitHalfOpened, CircuitClosed, ...aboutOne } = partnerEvents;
export const leadEvents = { ...submissionEvents, ...aboutOne };
/** These concern no single lead; known, so that they are not counted as unknown. */
export const otherEvents = { CircuitOpened, CircuitHalfOpened, CircuitClosed, ...identityEvents };

export interface LeadRow {
  readonly id: string;
  /** Of the first event: the order in which leads came. */
  readonly position: bigint;
  readonly kind: string;
  readonly source: string;
  readonly status: Status;
  readonly person_id: string | null;
  readonly alias_id: string | null;
  readonly partner: string | null;
  readonly delivery_id: string | null;
  readonly attempts: number;
  readonly reason: string | null;
  /** Of a dead letter: where it ended. */
  readonly stage: Stage | null;
  readonly price: number | null;
  readonly received_at: Date;
  readonly updated_at: Date;
  readonly sealed: Sealed;
}

interface Happening {
  readonly position: bigint;
  readonly at: string;
}

/** Undefined where the lead's beginning is not known: then there is nothing to change. */
export function evolve(
  row: LeadRow | undefined,
  event: LeadEvent,
  { position, at }: Happening,
): LeadRow | undefined {
  const updated_at = new Date(at);
  if (event.type === "SubmissionReceived") {
    const { submission_id, kind, source, received_at, sealed } = event.data;
    return {
      id: submission_id,
      position,
      kind,
      source,
      status: nextStatus(undefined, event) ?? "received",
      person_id: null,
      alias_id: null,
      partner: null,
      delivery_id: null,
      attempts: 0,
      reason: null,
      stage: null,
      price: null,
      received_at: new Date(received_at),
      updated_at,
      sealed,
    };
  }
  if (row === undefined) return undefined;
  // What an earlier leg's partner says late changes nothing any more.
  if ("delivery_id" in event.data && row.delivery_id !== null && event.data.delivery_id !== row.delivery_id)
    return row;
  const status = nextStatus(row.status, event) ?? row.status;
  return { ...row, ...changes(event), status, updated_at };
}

function changes(event: Exclude<LeadEvent, { type: "SubmissionReceived" }>): Partial<LeadRow> {
  switch (event.type) {
    case "PersonIdentified":
      return {
        person_id: event.data.person_id ?? null,
        alias_id: event.data.alias_id ?? null,
        sealed: event.data.sealed,
      };
    case "SubmissionRouted":
      return {
        partner: event.data.route.partner,
        delivery_id: event.data.route.delivery_id,
        attempts: 0,
        reason: null,
      };
    case "SubmissionUnrouted":
    case "DeliveryFailed":
    case "DeliveryHeld":
      return { reason: event.data.reason };
    case "DeliveryStarted":
      return { attempts: event.data.attempt };
    case "SubmissionDelivered":
      return {
        attempts: event.data.attempts,
        reason: event.data.reason ?? null,
        price: event.data.price ?? null,
      };
    case "SubmissionDuplicate":
    case "SubmissionRejected":
      return { attempts: event.data.attempts, reason: event.data.reason };
    case "SubmissionDeadLettered":
      return { attempts: event.data.attempts, reason: event.data.reason, stage: event.data.stage };
    case "SubmissionRedriven":
      return { reason: null, stage: null };
    case "DeliverySucceeded":
    case "DeliveryRejected":
    case "DeliveryDuplicated":
    case "DeliveryDeadLettered":
      // The lead's own actor writes what these mean.
      return {};
  }
}
