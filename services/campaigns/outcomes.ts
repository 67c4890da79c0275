// What came of a campaign's sends, as its partners' streams say it: from the mail to the member that goes on, or has failed.
import type { ConfiguredCampaign } from "#domain/campaign/configured.ts";
import type { CampaignCommand } from "#domain/campaign/decide.ts";
import type { CampaignState } from "#domain/campaign/state.ts";
import type { CampaignId, MemberId, SubmissionId } from "#domain/ids.ts";
import { deadReason, PARTNER_STREAM_PREFIX, partnerEvents } from "#domain/partner/events.ts";
import type { Mail } from "#platform/bus/mail.ts";
import { createCodec, type EventOf } from "#platform/event-store/codec.ts";
import { parkMail, readEventMail } from "#platform/event-store/event-mail.ts";
import type { Log } from "#platform/log.ts";

const { DeliverySucceeded, DeliveryDuplicated, DeliveryRejected, DeliveryPassedOn } = partnerEvents;
const { DeliveryDeadLettered, DeliveryReconciled } = partnerEvents;

/** What `domain/mail.ts` sends to campaigns. */
const mailed = {
  DeliverySucceeded,
  DeliveryDuplicated,
  DeliveryRejected,
  DeliveryPassedOn,
  DeliveryDeadLettered,
  DeliveryReconciled,
} as const;
type OutcomeEvent = EventOf<typeof mailed>;
const codec = createCodec(mailed);

export interface OutcomeMail {
  readonly mail: Mail;
  readonly event: OutcomeEvent;
  readonly member_id: MemberId;
}

/** Undefined where there is nothing to do with the mail; then it is answered. */
export function readOutcome(mail: Mail, campaign: CampaignId, log: Log): OutcomeMail | undefined {
  const found = readEventMail(mail, codec, log);
  if (found === undefined) return undefined;
  if (found.event === undefined) {
    parkMail(mail, found.stored, found.error.message, log);
    return undefined;
  }
  const { event, stored } = found;
  const { sent_for } = event.data;
  if (sent_for?.campaign === campaign && stored.stream.startsWith(PARTNER_STREAM_PREFIX))
    return { mail, event, member_id: sent_for.member_id };
  log.error({ seq: mail.seq, stream: stored.stream }, "mail discarded, it is about another campaign");
  mail.term();
  return undefined;
}

export type Meaning =
  /** It is known already, or concerns nobody any more. */
  "nothing" | { readonly sent: SubmissionId; readonly moves: number } | { readonly command: CampaignCommand };

export function meaningOf(
  { event, member_id }: OutcomeMail,
  state: CampaignState,
  { campaign, standing }: { readonly campaign: CampaignId } & Pick<ConfiguredCampaign, "standing">,
): Meaning {
  const member = state.members.get(member_id);
  const work = member?.work;
  if (member === undefined || work?.type !== "send" || work.delivery_id !== event.data.delivery_id)
    return "nothing";
  const { moves, step } = member;
  const fail = (reason: string, attempts: number, dead: boolean): Meaning => ({
    command: { type: "fail", campaign, member_id, moves, reason, attempts, dead },
  });
  const isCancelled = standing === "cancelled" && step !== undefined;
  if (isCancelled) {
    const how = { how: "sent", submission_id: work.submission_id } as const;
    const about = { type: "move", campaign, member_id, was: "working", moves, passed: [] } as const;
    // The end of the send has to be said, also where nothing was sent.
    const left = { step, ...how };
    return { command: { ...about, left, to: "cancelled", concurrency: 1, at: 0 } };
  }
  switch (event.type) {
    case "DeliverySucceeded":
    case "DeliveryDuplicated":
      return { sent: work.submission_id, moves };
    case "DeliveryRejected":
      return fail(event.data.reason, event.data.attempt, false);
    case "DeliveryPassedOn":
      return fail(event.data.reason, event.data.attempts, true);
    case "DeliveryDeadLettered": {
      const { cause, attempts } = event.data;
      const isOver = cause === "forgotten";
      return fail(deadReason(event.data), attempts, !isOver);
    }
    case "DeliveryReconciled":
      return "nothing";
  }
}
