import type { SubmissionId } from "#domain/ids.ts";
import { type PartnerEvent, partnerEvents } from "#domain/partner/events.ts";
import type { Outcome } from "#domain/submission/decide.ts";
import { type SubmissionEvent, submissionEvents } from "#domain/submission/events.ts";
import type { SubmissionState } from "#domain/submission/fold.ts";
import type { Mail } from "#platform/bus/bus.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import { unpackEvent } from "#platform/event-store/event-mail.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import type { Log } from "#platform/log.ts";

/** A mail with what it says. */
export interface Letter {
  readonly mail: Mail;
  readonly event: SubmissionEvent | PartnerEvent;
  readonly stored: StoredEvent;
  readonly id: SubmissionId;
}

const codec = createCodec({ ...submissionEvents, ...partnerEvents });

/** Written by a newer release, or damaged: another process may read it some day. */
const PARKED_MS = 60_000;

/** Undefined where it can't be read now; then it is parked. */
export function openLetter(mail: Mail, log: Log): Letter | undefined {
  try {
    const stored = unpackEvent(mail.data);
    const decoded = codec.decode(stored);
    if (decoded.known && "submission_id" in decoded.event.data) {
      return { mail, stored, event: decoded.event, id: decoded.event.data.submission_id };
    }
    log.error({ type: stored.type, stream: stored.stream }, "parked: of an unknown type");
  } catch (error) {
    log.error({ err: error, seq: mail.seq }, "parked: can't be read");
  }
  mail.nak(PARKED_MS);
  return undefined;
}

export const isToDeliverAgain = ({ status, dead }: SubmissionState): boolean =>
  status === "queued" && dead?.stage === "deliver";

/** The partner's last word, where the event is one. */
export function outcomeIn(event: SubmissionEvent | PartnerEvent): Outcome | undefined {
  switch (event.type) {
    case "DeliverySucceeded":
    case "DeliveryRejected":
    case "DeliveryDuplicated":
    case "DeliveryDeadLettered":
      return event;
    case "SubmissionReceived":
    case "SubmissionRedriven":
    case "PersonIdentified":
    case "SubmissionRouted":
    case "SubmissionUnrouted":
    case "SubmissionDelivered":
    case "SubmissionDuplicate":
    case "SubmissionRejected":
    case "SubmissionDeadLettered":
    case "DeliveryStarted":
    case "DeliveryFailed":
    case "DeliveryHeld":
    case "CircuitOpened":
    case "CircuitHalfOpened":
    case "CircuitClosed":
      return undefined;
  }
}
