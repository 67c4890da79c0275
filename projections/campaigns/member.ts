// One member as its row has it, and what an event makes of it and of the counts.
import type { CampaignEvent, MemberStatus } from "#domain/campaign/events.ts";
import { nextMemberStatus } from "#domain/campaign/machine.ts";
import type { CampaignId, MemberId, StepId } from "#domain/ids.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";

export interface MemberRow {
  readonly member_id: MemberId;
  readonly campaign: CampaignId;
  /** Where it was added: by its event's position, and its place in that. */
  readonly place: bigint;
  readonly status: MemberStatus;
  readonly step: StepId | null;
  readonly version: number;
  /** What is done for it, while it works. */
  readonly work: "send" | "analyze" | "submit" | null;
  readonly due_at: Date | null;
  readonly reason: string | null;
  readonly attempts: number;
  readonly sentiment: string | null;
  readonly updated_at: Date;
  /** Where the campaign's stream tells of it, the first being where its fields stand. */
  readonly revisions: readonly number[];
}

export type OneMemberEvent = Extract<CampaignEvent, { data: { member_id: MemberId } }>;

/** More than any event adds. */
const MAX_IN_EVENT = 128n;
const MAX_REVISIONS = 1_000;

export function addedRows(
  { data: { campaign, members } }: Extract<CampaignEvent, { type: "MembersAdded" }>,
  { position, revision, metadata }: StoredEvent,
): MemberRow[] {
  return members.map(({ member_id }, n) => ({
    member_id,
    campaign,
    place: position * MAX_IN_EVENT + BigInt(n),
    status: "pending",
    step: null,
    version: 0,
    work: null,
    due_at: null,
    reason: null,
    attempts: 0,
    sentiment: null,
    updated_at: new Date(metadata.at),
    revisions: [Number(revision)],
  }));
}

/** Undefined where it can't happen to it. */
export function evolveMember(
  row: MemberRow,
  event: OneMemberEvent,
  { revision, metadata }: StoredEvent,
): MemberRow | undefined {
  const status = nextMemberStatus(row.status, event);
  if (status === undefined) return undefined;
  const revisions = [...row.revisions, Number(revision)].slice(-MAX_REVISIONS);
  const next = { ...row, status, updated_at: new Date(metadata.at), revisions };
  switch (event.type) {
    case "MemberReplied":
    case "MemberDiscarded":
      return next;
    case "MemberFailed": {
      const { reason, attempts } = event.data;
      return { ...next, work: null, due_at: null, reason, attempts };
    }
    case "MemberRedriven":
      return { ...next, reason: null, attempts: 0 };
    case "MemberDone":
    case "MemberCancelled":
      return { ...next, ...sentimentOf(event), work: null, due_at: null };
    case "MemberReady":
    case "MemberSendRequested":
    case "MemberAnalysisStarted":
    case "MemberSubmissionStarted":
    case "MemberWaiting": {
      const { step, version } = event.data;
      const due_at = event.type === "MemberWaiting" ? new Date(event.data.due_at) : null;
      return { ...next, ...sentimentOf(event), step, version, due_at, work: WORK[event.type] };
    }
  }
}

const WORK = {
  MemberReady: null,
  MemberSendRequested: "send",
  MemberAnalysisStarted: "analyze",
  MemberSubmissionStarted: "submit",
  MemberWaiting: null,
} as const;

const sentimentOf = ({
  data: { left },
}: Extract<OneMemberEvent, { data: { passed: unknown } }>): { readonly sentiment?: string } =>
  left?.sentiment === undefined ? {} : { sentiment: left.sentiment };
