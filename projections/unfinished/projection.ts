// Which event of an unfinished submission waits for a reaction, and whose. A submission is in it from its arrival to its end.
import type { PartnerId, SubmissionId } from "#domain/ids.ts";
import { mailboxOf } from "#domain/mail.ts";
import { PARTNER_STREAM_PREFIX } from "#domain/partner/events.ts";
import { SUBMISSION_STREAM_PREFIX } from "#domain/submission/events.ts";
import { type Known, knownEvents, type ModelEvent, type OnSkipped } from "../decoding.ts";
import type { Projection } from "../projection.ts";
import { table } from "../table.ts";

interface UnfinishedRow {
  readonly submission_id: SubmissionId;
  readonly mailbox: "lead" | "partner";
  readonly partner: PartnerId | null;
  readonly stream: string;
  readonly revision: bigint;
  readonly position: bigint;
  readonly since: string;
}

export const unfinishedModel = {
  name: "unfinished",
  version: 2,
  tables: [
    `create table submission (
      submission_id uuid primary key,
      mailbox text not null,
      partner text,
      stream text not null,
      revision bigint not null,
      position bigint not null,
      since timestamptz not null
    )`,
    "create index submission_in_order on submission (position)",
  ],
} as const;

const submissions = table<UnfinishedRow>(
  "submission",
  {
    submission_id: "uuid",
    mailbox: "text",
    partner: "text",
    stream: "text",
    revision: "bigint",
    position: "bigint",
    since: "timestamptz",
  },
  ["submission_id"],
);

export function unfinishedProjection({ onSkipped }: { readonly onSkipped: OnSkipped }): Projection {
  return {
    ...unfinishedModel,
    prefixes: [SUBMISSION_STREAM_PREFIX, PARTNER_STREAM_PREFIX],
    async apply(target, stored) {
      // Only what is newest about each submission counts.
      const newest = new Map<SubmissionId, UnfinishedRow | "ended">();
      const begun = new Set<SubmissionId>();
      for (const one of knownEvents(stored, onSkipped)) {
        const { type, data } = one.event;
        if (!("submission_id" in data)) continue;
        if (type === "SubmissionReceived") begun.add(data.submission_id);
        const change = changeBy(one, data.submission_id);
        if (change !== undefined) newest.set(data.submission_id, change);
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
      ]);
    },
  };
}

/** Undefined where it changes nothing. */
function changeBy({ event, raw }: Known, submission_id: SubmissionId): UnfinishedRow | "ended" | undefined {
  const mailbox = mailboxOf(event);
  const { stream, revision, position, metadata } = raw;
  const row = { submission_id, stream, revision, position, since: metadata.at };
  switch (mailbox.to) {
    case "lead":
      return { ...row, mailbox: "lead", partner: null };
    case "partner":
      return { ...row, mailbox: "partner", partner: mailbox.partner };
    case "compiler":
      return undefined;
    case "nobody":
      return ENDS.has(event.type) ? "ended" : undefined;
  }
}

const ENDS: ReadonlySet<ModelEvent["type"]> = new Set([
  "SubmissionUnrouted",
  "DeliverySucceeded",
  "DeliveryDuplicated",
  "SubmissionRejected",
  "SubmissionDeadLettered",
]);
