import { Sentiment } from "../analysis/service.ts";
import type { DeliveryId, StepId, SubmissionId } from "../ids.ts";
import { type MemberStatus, memberStatuses } from "./events.ts";

// One member as the owner of its campaign knows it. Its fields and what it replied stay in the log, which this points to.

export type Work =
  | { readonly type: "send"; readonly submission_id: SubmissionId; readonly delivery_id: DeliveryId }
  | { readonly type: "analyze" }
  | { readonly type: "submit"; readonly submission_id: SubmissionId };

export interface Member {
  readonly status: MemberStatus;
  /** In which event of the stream its fields stand, and where in that. */
  readonly added: { readonly revision: number; readonly n: number };
  /** Of the campaign, with which it began; 0 before. */
  readonly version: number;
  /** Missing before its first. */
  readonly step?: StepId;
  /** How many steps it has entered. */
  readonly moves: number;
  /** How often it was fetched back to the step. */
  readonly redrives: number;
  /** Pending, and what it comes to is a send. */
  readonly is_to_send?: boolean;
  /** While working. */
  readonly work?: Work;
  /** While waiting. */
  readonly wait?: { readonly due: number; readonly ends_by_reply: boolean };
  /** In which event of the stream the newest reply stands, until the member has ended. */
  readonly replied?: number;
  /** It has ended no wait yet. */
  readonly is_reply_new?: boolean;
  readonly sentiment?: Sentiment;
  /** By which the partner may know the send that is tried once more. */
  readonly sent_as?: DeliveryId;
  /** Failed, and a dead letter. */
  readonly is_dead?: boolean;
}

// A byte of flags holds what is a word or two of it: three bits of the status, two of the sentiment, and these.

const STATUS_BITS = 0b111;
/** Pending: it comes to a send. Waiting: a reply ends it. Failed: it is a dead letter. */
const MARKED = 0b1000;
const REPLY_NEW = 0b1_0000;
const SENTIMENT_SHIFT = 5;
const sentiments = Sentiment.options;

const WAITING = memberStatuses.indexOf("waiting");
const REPLIED = WAITING | MARKED | REPLY_NEW;
const CANCELLED = memberStatuses.indexOf("cancelled");

export function flagsOf(member: Member): number {
  const { status, is_to_send, wait, is_dead, is_reply_new, sentiment } = member;
  const isMarked =
    (status === "pending" && is_to_send === true) ||
    (status === "waiting" && wait?.ends_by_reply === true) ||
    (status === "failed" && is_dead === true);
  return (
    memberStatuses.indexOf(status) |
    (isMarked ? MARKED : 0) |
    (is_reply_new === true ? REPLY_NEW : 0) |
    ((sentiment === undefined ? 0 : sentiments.indexOf(sentiment) + 1) << SENTIMENT_SHIFT)
  );
}

export const statusIn = (flags: number): MemberStatus => memberStatuses[flags & STATUS_BITS] as MemberStatus;
export const isMarkedIn = (flags: number): boolean => (flags & MARKED) !== 0;
export const isReplyNewIn = (flags: number): boolean => (flags & REPLY_NEW) !== 0;
export const sentimentIn = (flags: number): Sentiment | undefined =>
  sentiments[(flags >> SENTIMENT_SHIFT) - 1];
/** Waiting, and a reply has come that ends the wait. */
export const isRepliedIn = (flags: number): boolean =>
  (flags & (STATUS_BITS | MARKED | REPLY_NEW)) === REPLIED;
export const cancelled = (flags: number): number => (flags & ~STATUS_BITS & ~MARKED) | CANCELLED;

export const isActive = (status: MemberStatus): boolean =>
  status === "pending" || status === "working" || status === "waiting";

/** Nothing leads on from there. */
export const isOver = ({ status, is_dead }: Pick<Member, "status" | "is_dead">): boolean =>
  status === "done" || status === "cancelled" || (status === "failed" && is_dead !== true);
