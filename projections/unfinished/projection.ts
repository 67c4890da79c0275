// Which event is still owed to whom. A submission is in it from its arrival to its end.
import { mailboxOf } from "#domain/mail.ts";
import { PARTNER_STREAM_PREFIX, type PartnerEvent, partnerEvents } from "#domain/partner/events.ts";
import {
  SUBMISSION_STREAM_PREFIX,
  type SubmissionEvent,
  submissionEvents,
} from "#domain/submission/events.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import { type Known, knownEvents, type OnSkipped } from "../decoding.ts";
import type { Projection } from "../projection.ts";
import { table } from "../table.ts";

interface OwedRow {
  readonly submission_id: string;
  readonly mailbox: "lead" | "partner";
  readonly partner: string | null;
  readonly stream: string;
  readonly revision: bigint;
  readonly position: bigint;
  readonly since: string;
}

export const unfinishedModel = {
  name: "unfinished",
  version: 1,
  tables: [
    `create table owed (
      submission_id uuid primary key,
      mailbox text not null,
      partner text,
      stream text not null,
      revision bigint not null,
      position bigint not null,
      since timestamptz not null
    )`,
    "create index owed_in_order on owed (position)",
  ],
} as const;

const owed = table<OwedRow>(
  "owed",
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

type YardEvent = SubmissionEvent | PartnerEvent;

export function unfinishedProjection({ onSkipped }: { readonly onSkipped: OnSkipped }): Projection {
  const codec = createCodec({ ...submissionEvents, ...partnerEvents });
  return {
    ...unfinishedModel,
    prefixes: [SUBMISSION_STREAM_PREFIX, PARTNER_STREAM_PREFIX],
    async apply(transaction, stored) {
      // Only the newest word on each submission counts.
      const changed = new Map<string, OwedRow | "ended">();
      for (const one of knownEvents(codec, stored, onSkipped)) {
        if (!("submission_id" in one.event.data)) continue;
        const debt = debtOf(one);
        if (debt !== "as_before") changed.set(one.event.data.submission_id, debt);
      }
      const ended = [...changed].filter(([, debt]) => debt === "ended").map(([id]) => id);
      if (ended.length > 0)
        await transaction.execute("delete from owed where submission_id = any($1::uuid[])", [ended]);
      await owed.upsert(
        transaction,
        [...changed.values()].filter((debt) => debt !== "ended"),
      );
    },
  };
}

function debtOf({ event, raw }: Known<YardEvent>): OwedRow | "ended" | "as_before" {
  const mailbox = mailboxOf(event);
  switch (mailbox.to) {
    case "lead":
      return row(mailbox.submission, "lead", null);
    case "partner":
      return "submission_id" in event.data
        ? row(event.data.submission_id, "partner", mailbox.partner)
        : "as_before";
    case "compiler":
      return "as_before";
    case "nobody":
      return ENDS.has(event.type) ? "ended" : "as_before";
  }
  function row(submission_id: string, to: OwedRow["mailbox"], partner: string | null): OwedRow {
    const { stream, revision, position, metadata } = raw;
    return { submission_id, mailbox: to, partner, stream, revision, position, since: metadata.at };
  }
}

const ENDS: ReadonlySet<YardEvent["type"]> = new Set([
  "SubmissionUnrouted",
  "SubmissionDelivered",
  "SubmissionDuplicate",
  "SubmissionRejected",
  "SubmissionDeadLettered",
]);
