import { z } from "zod";
import { Sentiment } from "../analysis/service.ts";
import { type EventOf, Instant, Sealed } from "../event.ts";
import { AnalysisServiceId, CampaignId, MemberId, SourceId, StepId, SubmissionId } from "../ids.ts";
import { Kind, Route } from "../submission/events.ts";
import { Migration } from "./configured.ts";

// Stream: campaign-<id>. One writer, the campaign's owner: its members, and everything that happened to them in it.

export const CAMPAIGN_STREAM_PREFIX = "campaign-";
export const campaignStream = (id: CampaignId): string => `${CAMPAIGN_STREAM_PREFIX}${id}`;

/** Of about 60 KB. */
export const MAX_MEMBERS_IN_EVENT = 100;

const campaign = z.object({ campaign: CampaignId });
const member = campaign.extend({ member_id: MemberId });

export const AddedMember = z.object({
  member_id: MemberId,
  /** The fields, under the member's own key. */
  sealed: Sealed,
});
export type AddedMember = z.infer<typeof AddedMember>;

export const memberStatuses = ["pending", "working", "waiting", "done", "failed", "cancelled"] as const;
export type MemberStatus = (typeof memberStatuses)[number];
const Active = z.enum(["pending", "working", "waiting"]);
export type ActiveStatus = z.infer<typeof Active>;

/** How a step was left. */
const Left = z.object({
  step: StepId,
  how: z.enum(["sent", "timed_out", "replied", "analysed", "submitted"]),
  sentiment: Sentiment.optional(),
  /** Of the send that is over. */
  submission_id: SubmissionId.optional(),
});
export type Left = z.infer<typeof Left>;

/** From where a member moves. */
const moved = member.extend({
  /** Before it moved. */
  was: Active,
  /** Missing where it was in no step. */
  left: Left.optional(),
  /** Branches on the way, and the end. */
  passed: z.array(StepId),
});
/** To where: the step, of which version, and how many steps it has entered with it. */
const entered = moved.extend({ version: z.int().positive(), step: StepId, moves: z.int().positive() });

export const Sending = z.object({
  /** The send goes by it wherever a submission has one. */
  submission_id: SubmissionId,
  kind: Kind,
  source: SourceId,
  received_at: Instant,
  key_fingerprint: z.string(),
  route: Route,
  /** What the partner is to get. */
  sealed: Sealed,
});
export type Sending = z.infer<typeof Sending>;

const imported = campaign.extend({ import_id: z.uuid() });

export const campaignEvents = {
  MembersAdded: {
    version: 1,
    schema: campaign.extend({
      members: z.array(AddedMember).min(1).max(MAX_MEMBERS_IN_EVENT),
      at: Instant,
    }),
  },
  MemberSendRequested: { version: 1, schema: entered.extend(Sending.shape) },
  MemberAnalysisStarted: { version: 1, schema: entered.extend({ service: AnalysisServiceId }) },
  MemberSubmissionStarted: {
    version: 1,
    schema: entered.extend({ submitted_as: SubmissionId }),
  },
  MemberWaiting: {
    version: 1,
    schema: entered.extend({
      due_at: Instant,
      /** A reply ends it. */
      ends_by_reply: z.boolean(),
    }),
  },
  /** It comes to a step that can't begin at the moment. */
  MemberReady: {
    version: 1,
    schema: moved.extend({ version: z.int().positive(), step: StepId, sends: z.boolean() }),
  },
  MemberReplied: {
    version: 1,
    schema: member.extend({
      /** Keyed hash of the message's id. */
      message: z.string(),
      sealed: Sealed,
      at: Instant,
    }),
  },
  MemberDone: { version: 1, schema: moved },
  /** Its campaign was cancelled while something was sent to it; all others end with MembersCancelled. */
  MemberCancelled: { version: 1, schema: moved },
  MemberFailed: {
    version: 1,
    schema: member.extend({
      was: Active,
      step: StepId.optional(),
      reason: z.string(),
      attempts: z.int().nonnegative(),
      /** Another try may go well: it is a dead letter. */
      dead: z.boolean(),
      submission_id: SubmissionId.optional(),
      /** In which event of the stream its fields stand. */
      added: z.int().nonnegative(),
    }),
  },
  /** Fetched back from the dead letters to its step. */
  MemberRedriven: { version: 1, schema: member.extend({ step: StepId }) },
  /** An operator has decided that nothing more is done about it. */
  MemberDiscarded: { version: 1, schema: member.extend({ step: StepId, reason: z.string() }) },
  /** All that had not ended, but for those that something is sent to. */
  MembersCancelled: { version: 1, schema: campaign },
  /** Those in these steps are in the others from now on, of this version. */
  MembersMigrated: {
    version: 1,
    schema: campaign.extend({ version: z.int().positive(), steps: Migration }),
  },
  ImportStarted: {
    version: 1,
    /** Address, paths and headers, under the key of secrets. */
    schema: imported.extend({ sealed: Sealed }),
  },
  ImportPageTaken: {
    version: 1,
    schema: imported.extend({
      page: z.int().positive(),
      /** The address of the next page, sealed likewise; missing after the last. */
      next: Sealed.optional(),
      added: z.int().nonnegative(),
      duplicates: z.int().nonnegative(),
      invalid: z.int().nonnegative(),
    }),
  },
  ImportFailed: { version: 1, schema: imported.extend({ reason: z.string() }) },
} as const;

export type CampaignEvent = EventOf<typeof campaignEvents>;
/** What moves one member from somewhere to somewhere. */
export type MovedEvent = Extract<CampaignEvent, { data: { passed: unknown } }>;
