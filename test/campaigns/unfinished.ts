// Which sends of campaigns wait for whose reaction, folded from the log as the read model that the relay asks does it.
import { CAMPAIGN_STREAM_PREFIX } from "#domain/campaign/events.ts";
import type { SubmissionId } from "#domain/ids.ts";
import { mailboxOf, type YardEvent } from "#domain/mail.ts";
import { PARTNER_STREAM_PREFIX } from "#domain/partner/events.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import type { Unfinished, UnfinishedQueries } from "#projections/unfinished/query.ts";
import type { SimulatedLog } from "../simulation/event-store.ts";

interface Fields {
  readonly submission_id?: SubmissionId;
  readonly left?: { readonly submission_id?: SubmissionId };
}

const isAbout = ({ stream }: StoredEvent): boolean =>
  stream.startsWith(CAMPAIGN_STREAM_PREFIX) || stream.startsWith(PARTNER_STREAM_PREFIX);

function unfinishedOf(log: SimulatedLog): Unfinished[] {
  const open = new Map<SubmissionId, Unfinished>();
  for (const stored of log.events.filter(isAbout)) {
    const { submission_id, left } = stored.data as Fields;
    if (left?.submission_id !== undefined) open.delete(left.submission_id);
    if (submission_id === undefined) continue;
    if (stored.type === "MemberFailed") open.delete(submission_id);
    const { stream, revision, position, metadata } = stored;
    const row = { submission_id, stream, revision, position, since: new Date(metadata.at) };
    const mailbox = mailboxOf({ type: stored.type, data: stored.data } as YardEvent);
    if (mailbox.to === "partner")
      open.set(submission_id, { ...row, mailbox: "partner", partner: mailbox.partner });
    if (mailbox.to === "campaign")
      open.set(submission_id, { ...row, mailbox: "campaign", partner: null, campaign: mailbox.campaign });
  }
  return [...open.values()];
}

export const unfinishedSends = (log: SimulatedLog): UnfinishedQueries => ({
  list: async ({ olderThan, limit, after = 0n }) =>
    unfinishedOf(log)
      .filter(({ position, since }) => position > after && since < olderThan)
      .sort((one, other) => Number(one.position - other.position))
      .slice(0, limit),
  checkpoint: async () => BigInt(log.events.length),
});
