import type { SubmissionId } from "#domain/ids.ts";
import { PARTNER_STREAM_PREFIX, partnerEvents } from "#domain/partner/events.ts";
import type { Outcome } from "#domain/submission/decide.ts";
import { submissionEvents, submissionStream } from "#domain/submission/events.ts";
import type { Mail } from "#platform/bus/bus.ts";
import { createCodec, type EventOf } from "#platform/event-store/codec.ts";
import { type EventMail, parkMail, readEventMail } from "#platform/event-store/event-mail.ts";
import type { Log } from "#platform/log.ts";

const { SubmissionReceived, SubmissionRedriven } = submissionEvents;
const { DeliveryRejected, DeliveryPassedOn, DeliveryDeadLettered, DeliveryReconciled } = partnerEvents;

/** What `domain/mail.ts` sends to leads. */
const mailed = {
  SubmissionReceived,
  SubmissionRedriven,
  DeliveryRejected,
  DeliveryPassedOn,
  DeliveryDeadLettered,
  DeliveryReconciled,
} as const;
const codec = createCodec(mailed);

export interface LeadMail extends EventMail<EventOf<typeof mailed>> {
  readonly id: SubmissionId;
}

/** Undefined where it can't be read now; then it is answered. */
export function readLeadMail(mail: Mail, log: Log): LeadMail | undefined {
  const found = readEventMail(mail, codec, log);
  if (found === undefined) return undefined;
  if (found.event !== undefined) {
    const { submission_id: id } = found.event.data;
    const { stream } = found.stored;
    // What a partner's actor says stands in its own stream; all else in that of the submission which it is about.
    const isItsOwn = stream === submissionStream(id) || stream.startsWith(PARTNER_STREAM_PREFIX);
    if (isItsOwn) return { ...found, id };
    log.error(
      { seq: mail.seq, stream, lead_id: id },
      "mail discarded, its event stands in a stream of something else",
    );
    mail.term();
    return undefined;
  }
  parkMail(mail, found.stored, found.error.message, log);
  return undefined;
}

/** Why a partner does not have it, or what was found out about that, where the event says so. */
export function outcomeIn({ event }: LeadMail): Outcome | undefined {
  switch (event.type) {
    case "DeliveryRejected":
    case "DeliveryPassedOn":
    case "DeliveryDeadLettered":
    case "DeliveryReconciled":
      return event;
    case "SubmissionReceived":
    case "SubmissionRedriven":
      return undefined;
  }
}
