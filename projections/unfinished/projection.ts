// Which event of an unfinished submission waits for a reaction, and whose. A submission is in it from its arrival to its end.
import { CAMPAIGN_STREAM_PREFIX } from "#domain/campaign/events.ts";
import type { CampaignId, PartnerId, SubmissionId } from "#domain/ids.ts";
import { mailboxOf } from "#domain/mail.ts";
import { PARTNER_STREAM_PREFIX } from "#domain/partner/events.ts";
import { SUBMISSION_STREAM_PREFIX } from "#domain/submission/events.ts";
import { type Known, knownEvents, type ModelEvent } from "../decoding.ts";
import type { Projection } from "../projection.ts";
import { table } from "../table.ts";

interface UnfinishedRow {
  readonly submission_id: SubmissionId;
  readonly mailbox: "lead" | "partner" | "campaign";
  readonly partner: PartnerId | null;
  readonly campaign: CampaignId | null;
  readonly stream: string;
  readonly revision: bigint;
  readonly position: bigint;
  readonly since: string;
  /** Until then it waits for nobody's reaction: its partner's actor, or a timer, sees to it. */
  readonly not_before: string | null;
}

export const unfinishedModel = {
  name: "unfinished",
  version: 5,
  tables: [
    `create table submission (
      submission_id uuid primary key,
      mailbox text not null,
      partner text,
      campaign text,
      stream text not null,
      revision bigint not null,
      position bigint not null,
      since timestamptz not null,
      not_before timestamptz
    )`,
  ],
  indexes: ["create index submission_in_order on submission (position)"],
} as const;

const submissions = table<UnfinishedRow>(
  "submission",
  {
    submission_id: "uuid",
    mailbox: "text",
    partner: "text",
    campaign: "text",
    stream: "text",
    revision: "bigint",
    position: "bigint",
    since: "timestamptz",
    not_before: "timestamptz",
  },
  ["submission_id"],
);

export function unfinishedProjection(): Projection {
  return {
    ...unfinishedModel,
    prefixes: [SUBMISSION_STREAM_PREFIX, PARTNER_STREAM_PREFIX, CAMPAIGN_STREAM_PREFIX],
    async apply(target, stored) {
      // Only what is newest about each submission counts.
      const newest = new Map<SubmissionId, UnfinishedRow | "ended">();
      const begun = new Set<SubmissionId>();
      const waits = new Map<SubmissionId, string>();
      for (const one of knownEvents(stored, target.onSkipped)) {
        const { type, data } = one.event;
        const over = endedSend(one.event);
        if (over !== undefined) newest.set(over, "ended");
        if (!("submission_id" in data) || data.submission_id === undefined) continue;
        const id = data.submission_id;
        if (type === "SubmissionReceived") begun.add(id);
        const change = changeBy(one, id);
        const not_before = notBefore(one.event);
        if (change !== undefined) {
          newest.set(id, change);
          waits.delete(id);
        } else if (not_before !== undefined) {
          const row = newest.get(id);
          if (row === undefined) waits.set(id, not_before);
          else if (row !== "ended") newest.set(id, { ...row, not_before });
        }
      }
      const waiting: UnfinishedRow[] = [];
      const ended: SubmissionId[] = [];
      for (const [id, change] of newest) {
        if (change !== "ended") waiting.push(change);
        // What began in the same batch has no row yet.
        else if (!begun.has(id)) ended.push(id);
      }
      const { schema } = target;
      await Promise.all([
        ended.length > 0 &&
          target.execute(`delete from ${schema}.submission where submission_id = any($1::uuid[])`, [ended]),
        submissions.upsert(target, waiting),
        waits.size > 0 &&
          target.execute(
            `update ${schema}.submission as stored set not_before = waits.until
              from unnest($1::uuid[], $2::timestamptz[]) as waits (id, until) where submission_id = waits.id`,
            [[...waits.keys()], [...waits.values()]],
          ),
      ]);
    },
  };
}

/** Undefined where it changes nothing. */
function changeBy({ event, raw }: Known, submission_id: SubmissionId): UnfinishedRow | "ended" | undefined {
  const mailbox = mailboxOf(event);
  const { stream, revision, position, metadata } = raw;
  const from = { submission_id, stream, revision, position, since: metadata.at, not_before: null };
  const row = { ...from, campaign: null };
  switch (mailbox.to) {
    case "lead":
      return { ...row, mailbox: "lead", partner: null };
    case "partner":
      return { ...row, mailbox: "partner", partner: mailbox.partner };
    case "campaign":
      return { ...row, mailbox: "campaign", partner: null, campaign: mailbox.campaign };
    case "compiler":
      return undefined;
    case "nobody":
      return ENDS.has(event.type) ? "ended" : undefined;
  }
}

/** The send that a member of a campaign has come out of. */
function endedSend({ data }: ModelEvent): SubmissionId | undefined {
  return "left" in data ? data.left?.submission_id : undefined;
}

/** A timer, or the actor that mailed what it held, gets so long before anybody else mails it. */
const GRACE_MS = 60_000;
const later = (at: string): string => new Date(Date.parse(at) + GRACE_MS).toISOString();

/** Undefined where it changes nothing: of nearly every delivery nothing is written here. */
function notBefore({ type, data }: ModelEvent): string | undefined {
  if (type === "DeliveryHeld") return "infinity";
  if (type === "DeliveryFailed") return data.timer ? later(data.retry_at) : undefined;
  return type === "DeliveryStarted" && data.waited === "held" ? later(data.started_at) : undefined;
}

const ENDS: ReadonlySet<ModelEvent["type"]> = new Set([
  "SubmissionUnrouted",
  "DeliverySucceeded",
  "DeliveryDuplicated",
  "SubmissionRejected",
  "SubmissionDeadLettered",
  "SubmissionReconciled",
  // It may have been reconciled at the same moment.
  "SubmissionDiscarded",
  "MemberFailed",
]);
