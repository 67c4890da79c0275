import type { Decider, Decision } from "../decider.ts";
import { accept, refuse } from "../decider.ts";
import type { Sealed } from "../event.ts";
import type { AnalysisServiceId, CampaignId, MemberId, StepId, SubmissionId } from "../ids.ts";
import {
  type ActiveStatus,
  type AddedMember,
  type CampaignEvent,
  type Left,
  MAX_MEMBERS_IN_EVENT,
  type Sending,
} from "./events.ts";
import type { Member } from "./member-state.ts";
import { activeIn, type CampaignState, endOfWait, evolve, newCampaign } from "./state.ts";

// What can be asked of the writer of a campaign's stream, and what comes of it. What was opened, rendered and sealed comes in with the
// command, and the time.

interface About {
  readonly campaign: CampaignId;
}

/** Where a member goes. */
export type Destination =
  | ({ readonly type: "send" } & Sending)
  | { readonly type: "analyze"; readonly service: AnalysisServiceId }
  | { readonly type: "submit"; readonly submitted_as: SubmissionId }
  | { readonly type: "wait"; readonly due_at: string; readonly ends_by_reply: boolean }
  /** It begins later. */
  | { readonly type: "ready"; readonly sends: boolean };

export interface Move extends About {
  readonly type: "move";
  readonly member_id: MemberId;
  /** As it was when this was planned: it goes on only from there. */
  readonly was: ActiveStatus;
  readonly moves: number;
  readonly left?: Left | undefined;
  readonly passed: readonly StepId[];
  /** The campaign is cancelled; else, undefined is the end. */
  readonly to: "cancelled" | (Destination & { readonly version: number; readonly step: StepId }) | undefined;
  /** How many may be worked on at the same time. */
  readonly concurrency: number;
  /** In milliseconds. */
  readonly at: number;
}

export interface Fail extends About {
  readonly type: "fail";
  readonly member_id: MemberId;
  readonly moves: number;
  readonly reason: string;
  readonly attempts: number;
  readonly dead: boolean;
}

export type CampaignCommand =
  | Move
  | Fail
  | (About & { readonly type: "add"; readonly members: readonly AddedMember[]; readonly at: string })
  | (About & {
      readonly type: "reply";
      readonly member_id: MemberId;
      readonly message: string;
      readonly sealed: Sealed;
      readonly at: string;
    })
  | (About & { readonly type: "redrive"; readonly member_id: MemberId })
  | (About & { readonly type: "discard"; readonly member_id: MemberId; readonly reason: string })
  | (About & { readonly type: "cancel_all" })
  | (About & {
      readonly type: "migrate";
      readonly version: number;
      readonly steps: Readonly<Record<string, StepId>>;
    })
  | (About & { readonly type: "start_import"; readonly import_id: string; readonly sealed: Sealed })
  | (About & {
      readonly type: "take_page";
      readonly import_id: string;
      readonly page: number;
      readonly next?: Sealed | undefined;
      /** Those of its members that were handed over before, and how many of them were new. */
      readonly handed_over: { readonly members: number; readonly added: number };
      readonly invalid: number;
    })
  | (About & { readonly type: "fail_import"; readonly import_id: string; readonly reason: string });

export type CampaignRefusalReason =
  | "no_such_member"
  /** It is somewhere else by now. */
  | "moved_already"
  /** Its wait was about to end by time, and a reply has come. */
  | "replied_meanwhile"
  /** Its wait was about to end by a reply, which was never stored. */
  | "not_replied"
  /** It is in another step since this was planned. */
  | "migrated_meanwhile"
  | "no_slot"
  | "message_known"
  | "not_a_dead_letter"
  | "import_running"
  | "no_such_page";

export type CampaignDecision = Decision<CampaignEvent, CampaignRefusalReason>;

export const campaignDecider: Decider<CampaignState, CampaignCommand, CampaignDecision> = {
  /** Another one each time, because it is changed in place. */
  get initial() {
    return newCampaign();
  },
  evolve,
  decide(command, state) {
    switch (command.type) {
      case "add":
        return accept<CampaignEvent>(...added(command, command.members, state));
      case "move":
        return move(command, state);
      case "fail":
        return fail(command, state);
      case "reply":
        return reply(command, state);
      case "redrive":
      case "discard":
        return moveDeadLetter(command, state);
      case "cancel_all":
        if (activeIn(state) === state.members.sends) return accept();
        return accept<CampaignEvent>({ type: "MembersCancelled", data: { campaign: command.campaign } });
      case "migrate": {
        const { type: _, ...data } = command;
        if (state.migrated >= command.version) return accept();
        return accept<CampaignEvent>({ type: "MembersMigrated", data });
      }
      case "start_import": {
        const { type: _, ...data } = command;
        if (state.import?.state === "running") return refuse("import_running");
        return accept<CampaignEvent>({ type: "ImportStarted", data });
      }
      case "take_page":
        return takePage(command, state);
      case "fail_import": {
        const { type: _, ...data } = command;
        if (!isImporting(command.import_id, state)) return refuse("no_such_page");
        return accept<CampaignEvent>({ type: "ImportFailed", data });
      }
    }
  },
};

/** Those that are new, each once. */
function added(
  { campaign, at }: { readonly campaign: CampaignId; readonly at: string },
  members: readonly AddedMember[],
  state: CampaignState,
): CampaignEvent[] {
  const fresh = new Map<MemberId, AddedMember>();
  for (const one of members)
    if (!state.members.has(one.member_id) && !fresh.has(one.member_id)) fresh.set(one.member_id, one);
  const all = [...fresh.values()];
  const events: CampaignEvent[] = [];
  for (let from = 0; from < all.length; from += MAX_MEMBERS_IN_EVENT) {
    const data = { campaign, members: all.slice(from, from + MAX_MEMBERS_IN_EVENT), at };
    events.push({ type: "MembersAdded", data });
  }
  return events;
}

export function countAdded(events: readonly CampaignEvent[]): number {
  return events.reduce(
    (sum, event) => sum + (event.type === "MembersAdded" ? event.data.members.length : 0),
    0,
  );
}

function move(command: Move, state: CampaignState): CampaignDecision {
  const { campaign, member_id, was, moves, left, to, at } = command;
  const member = state.members.get(member_id);
  if (member === undefined) return refuse("no_such_member");
  if (member.status !== was || member.moves !== moves) return refuse("moved_already");
  if (isMigrated(command, member)) return refuse("migrated_meanwhile");
  if (left?.how === "timed_out" && endOfWait(member, at) === "replied") return refuse("replied_meanwhile");
  if (left?.how === "replied" && endOfWait(member, at) !== "replied") return refuse("not_replied");
  const moved = {
    campaign,
    member_id,
    was,
    ...(left !== undefined && { left }),
    passed: [...command.passed],
  };
  if (to === "cancelled") return accept<CampaignEvent>({ type: "MemberCancelled", data: moved });
  if (to === undefined) return accept<CampaignEvent>({ type: "MemberDone", data: moved });
  const { version, step } = to;
  const entered = { ...moved, version, step, moves: moves + 1 };
  // Who is worked on has a slot already.
  const hasSlot = was === "working" || state.members.working.size < command.concurrency;
  switch (to.type) {
    case "ready": {
      const data = { ...moved, version, step, sends: to.sends };
      return accept<CampaignEvent>({ type: "MemberReady", data });
    }
    case "wait": {
      const { due_at, ends_by_reply } = to;
      return accept<CampaignEvent>({ type: "MemberWaiting", data: { ...entered, due_at, ends_by_reply } });
    }
    case "send": {
      if (!hasSlot) return refuse("no_slot");
      const { type: _, ...sending } = to;
      return accept<CampaignEvent>({ type: "MemberSendRequested", data: { ...entered, ...sending } });
    }
    case "analyze": {
      if (!hasSlot) return refuse("no_slot");
      const data = { ...entered, service: to.service };
      return accept<CampaignEvent>({ type: "MemberAnalysisStarted", data });
    }
    case "submit": {
      if (!hasSlot) return refuse("no_slot");
      const data = { ...entered, submitted_as: to.submitted_as };
      return accept<CampaignEvent>({ type: "MemberSubmissionStarted", data });
    }
  }
}

function isMigrated({ left, to }: Move, { step, version }: Member): boolean {
  if (step === undefined) return false;
  const isElsewhere = left !== undefined && left.step !== step;
  return isElsewhere || (typeof to === "object" && to.version !== version);
}

function fail(
  { campaign, member_id, moves, reason, attempts, dead }: Fail,
  state: CampaignState,
): CampaignDecision {
  const member = state.members.get(member_id);
  if (member === undefined) return refuse("no_such_member");
  const was = activeStatus(member);
  if (was === undefined || member.moves !== moves) return refuse("moved_already");
  const { step, work } = member;
  const data = { campaign, member_id, was, reason, attempts, dead };
  return accept<CampaignEvent>({
    type: "MemberFailed",
    data: {
      ...data,
      ...(step !== undefined && { step }),
      added: member.added.revision,
      ...(work?.type === "send" && { submission_id: work.submission_id }),
    },
  });
}

const activeStatus = ({ status }: Member): ActiveStatus | undefined =>
  status === "pending" || status === "working" || status === "waiting" ? status : undefined;

function reply(
  { campaign, member_id, message, sealed, at }: Extract<CampaignCommand, { type: "reply" }>,
  state: CampaignState,
): CampaignDecision {
  if (!state.members.has(member_id)) return refuse("no_such_member");
  if (state.messages.has(message)) return refuse("message_known");
  return accept<CampaignEvent>({ type: "MemberReplied", data: { campaign, member_id, message, sealed, at } });
}

function moveDeadLetter(
  command: Extract<CampaignCommand, { type: "redrive" | "discard" }>,
  state: CampaignState,
): CampaignDecision {
  const { campaign, member_id } = command;
  const member = state.members.get(member_id);
  if (member === undefined) return refuse("no_such_member");
  const { step, is_dead } = member;
  if (!is_dead || step === undefined) return refuse("not_a_dead_letter");
  const data = { campaign, member_id, step };
  return command.type === "redrive"
    ? accept<CampaignEvent>({ type: "MemberRedriven", data })
    : accept<CampaignEvent>({ type: "MemberDiscarded", data: { ...data, reason: command.reason } });
}

const isImporting = (id: string, state: CampaignState): boolean =>
  state.import?.id === id && state.import.state === "running";

/** After its members were added: where that breaks off the page is asked for again, and nobody is added twice. */
function takePage(
  command: Extract<CampaignCommand, { type: "take_page" }>,
  state: CampaignState,
): CampaignDecision {
  const { campaign, import_id, page, next, handed_over, invalid } = command;
  if (!isImporting(import_id, state) || page !== (state.import?.pages ?? 0) + 1)
    return refuse("no_such_page");
  const { members, added: count } = handed_over;
  const data = { campaign, import_id, page, added: count, duplicates: members - count, invalid };
  return accept<CampaignEvent>({
    type: "ImportPageTaken",
    data: { ...data, ...(next !== undefined && { next }) },
  });
}
