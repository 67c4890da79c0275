// From a mailbox's messages to deliveries: unpacked, decoded and opened, with one look-up of keys for all.

import { z } from "zod";
import { campaignEvents, campaignStream } from "#domain/campaign/events.ts";
import { CampaignId, DeliveryId, MemberId, PartnerId, SubmissionId } from "#domain/ids.ts";
import type { About } from "#domain/partner/command.ts";
import type { SentFor } from "#domain/partner/events.ts";
import { submissionContext } from "#domain/seal-contexts.ts";
import { type SubmissionEvent, submissionEvents, submissionStream } from "#domain/submission/events.ts";
import { readSubmission, type Submission } from "#domain/submission/submission.ts";
import type { Mail } from "#platform/bus/mail.ts";
import {
  createCodec,
  type EventOf,
  UnreadableEvent,
  WrittenByNewerRelease,
} from "#platform/event-store/codec.ts";
import { unpackEvent } from "#platform/event-store/event-mail.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import type { Log } from "#platform/log.ts";
import type { Vault } from "#platform/vault/vault.ts";

/** Of a submission, or of what a campaign sends to a member, which goes the same way. */
type Routed = Omit<Extract<SubmissionEvent, { type: "SubmissionRouted" }>["data"], "decided">;

/** A mail that asks for a delivery. */
export interface DeliveryMail {
  readonly mail: Mail;
  readonly about: About;
  readonly content: Content | Unreadable;
  readonly cause: { readonly id: string; readonly trace: string };
  /** When it was routed here, in milliseconds. */
  readonly routedAt: number;
}

export interface Content {
  readonly readable: true;
  readonly routed: Routed;
  readonly submission: Submission;
}

interface Unreadable {
  readonly readable: false;
  readonly why: "poison" | "forgotten";
}

/** What a mail must have for its delivery to be ended, even where the rest can't be read. */
const Addressed = z.object({
  submission_id: SubmissionId,
  route: z.object({ partner: PartnerId, delivery_id: DeliveryId }),
});
const Member = z.object({ campaign: CampaignId, member_id: MemberId });

const routedEvents = {
  SubmissionRouted: submissionEvents.SubmissionRouted,
  MemberSendRequested: campaignEvents.MemberSendRequested,
};
type RoutedEvent = EventOf<typeof routedEvents>;
const codec = createCodec(routedEvents);
const PARKED_MS = 60_000;

/** Throws when the keys can't be asked for; then all of it comes again. What no delivery comes of is acknowledged or parked. */
export async function readMail(
  mails: readonly Mail[],
  partner: PartnerId,
  { vault, log }: { readonly vault: Vault; readonly log: Log },
): Promise<DeliveryMail[]> {
  const decoded = mails.map((mail) => decode(mail, partner, log)).filter((one) => one !== undefined);
  const sealed = decoded.flatMap(({ routed }) =>
    routed === undefined ? [] : [{ sealed: routed.sealed, context: submissionContext(routed.submission_id) }],
  );
  const opened = await vault.openMany(sealed);
  let next = 0;
  return decoded.map(({ routed, ...delivery }) => {
    const content = routed === undefined ? POISON : contentOf(routed, opened[next++]);
    return { ...delivery, content };
  });
}

const POISON = { readable: false, why: "poison" } as const;

/** `opened` is undefined where the key was destroyed. */
function contentOf(routed: Routed, opened: unknown): Content | Unreadable {
  if (opened === undefined) return { readable: false, why: "forgotten" };
  const submission = readSubmission(opened);
  return submission === undefined ? POISON : { readable: true, routed, submission };
}

interface Decoded extends Omit<DeliveryMail, "content"> {
  readonly routed: Routed | undefined;
}

/** Undefined where no delivery can come of it. */
function decode(mail: Mail, partner: PartnerId, log: Log): Decoded | undefined {
  let event: StoredEvent;
  try {
    event = unpackEvent(mail.data);
  } catch (error) {
    log.error({ err: error, seq: mail.seq }, "message that is no event discarded");
    mail.term();
    return undefined;
  }
  const decoded = decodeRouted(event, log);
  if (decoded === "for_another_release") {
    mail.nak(PARKED_MS);
    return undefined;
  }
  const routed = decoded?.data;
  const addressed = routed ?? Addressed.safeParse(event.data).data;
  // Also what was put here and is for another partner, or stands in no submission's own stream.
  const sent_for = sentFor(event, decoded);
  const stream =
    sent_for === undefined
      ? addressed && submissionStream(addressed.submission_id)
      : campaignStream(sent_for.campaign);
  if (addressed === undefined || addressed.route.partner !== partner || event.stream !== stream) {
    mail.term();
    return undefined;
  }
  const { submission_id, route } = addressed;
  return {
    mail,
    about: {
      partner,
      submission_id,
      delivery_id: route.delivery_id,
      ...(sent_for !== undefined && { sent_for }),
    },
    routed,
    cause: { id: event.id, trace: event.metadata.trace ?? submission_id.replaceAll("-", "") },
    routedAt: Date.parse(event.metadata.at),
  };
}

/** Undefined where it is a submission's. */
function sentFor(
  { type, data, revision }: StoredEvent,
  decoded: RoutedEvent | undefined,
): SentFor | undefined {
  if (type !== "MemberSendRequested") return undefined;
  const member = decoded?.type === type ? decoded.data : Member.safeParse(data).data;
  return member && { campaign: member.campaign, member_id: member.member_id, revision: Number(revision) };
}

function decodeRouted(event: StoredEvent, log: Log): RoutedEvent | "for_another_release" | undefined {
  try {
    const decoded = codec.decode(event);
    if (decoded.known) return decoded.event;
    log.warn({ stream: event.stream, type: event.type }, "event of unknown type parked");
    return "for_another_release";
  } catch (error) {
    if (error instanceof WrittenByNewerRelease) {
      log.warn({ err: error }, "event of a newer release parked");
      return "for_another_release";
    }
    if (!(error instanceof UnreadableEvent)) throw error;
    log.error({ err: error }, "event can't be read");
    return undefined;
  }
}
