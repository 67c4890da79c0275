import type { Sealed } from "../event.ts";
import type { MemberId } from "../ids.ts";
import type { CampaignEvent, MemberStatus, MovedEvent } from "./events.ts";
import { nextMemberStatus } from "./machine.ts";
import type { Member } from "./member-state.ts";
import { Members } from "./members.ts";

// What the owner of a campaign has to know of its members, folded from the campaign's stream.

export interface ImportState {
  readonly id: string;
  readonly state: "running" | "done" | "failed";
  readonly pages: number;
  /** What to ask for, and where the next page is: see ImportStarted and ImportPageTaken. */
  readonly request: Sealed;
  readonly next?: Sealed | undefined;
}

/** Changed in place: a campaign has many members, and copying them is no option. */
export interface CampaignState {
  /** Of the newest event in it; −1 where there is none. */
  revision: number;
  readonly members: Members;
  /** Hashes of the ids of messages that were taken as replies. */
  readonly messages: Set<string>;
  /** The version of the newest migration that was made. */
  migrated: number;
  import: ImportState | undefined;
}

export const newCampaign = (): CampaignState => ({
  revision: -1,
  members: new Members(),
  messages: new Set(),
  migrated: 0,
  import: undefined,
});

export const pendingIn = ({ members }: CampaignState): number =>
  members.fresh.size + members.toSend.size + members.toWork.size;

export const activeIn = (state: CampaignState): number =>
  pendingIn(state) + state.members.working.size + state.members.waiting;

/** The stream holds an event where it could not happen: no decision of ours leads there. */
class ImpossibleHistory extends Error {
  override name = "ImpossibleHistory";
}

export function evolve(state: CampaignState, event: CampaignEvent): CampaignState {
  state.revision += 1;
  switch (event.type) {
    case "MembersAdded":
      state.members.startAdding(state.revision);
      for (const { member_id } of event.data.members) {
        if (state.members.has(member_id)) throw impossible(event, member_id, state);
        state.members.add(member_id);
      }
      return state;
    case "MembersCancelled":
      state.members.cancelIdle();
      return state;
    case "MembersMigrated":
      state.migrated = event.data.version;
      state.members.migrate(event.data.version, event.data.steps);
      return state;
    case "ImportStarted": {
      const { import_id: id, sealed: request } = event.data;
      state.import = { id, state: "running", pages: 0, request };
      return state;
    }
    case "ImportPageTaken": {
      if (state.import === undefined) return state;
      const { page: pages, next } = event.data;
      state.import = { ...state.import, pages, next, state: next === undefined ? "done" : "running" };
      return state;
    }
    case "ImportFailed":
      if (state.import !== undefined) state.import = { ...state.import, state: "failed" };
      return state;
    case "MemberSendRequested":
    case "MemberAnalysisStarted":
    case "MemberSubmissionStarted":
    case "MemberWaiting":
    case "MemberReady":
    case "MemberDone":
    case "MemberCancelled":
    case "MemberReplied":
    case "MemberFailed":
    case "MemberRedriven":
    case "MemberDiscarded": {
      const id = event.data.member_id;
      const member = state.members.get(id);
      const status = member && nextMemberStatus(member.status, event);
      if (member === undefined || status === undefined) throw impossible(event, id, state);
      if (event.type === "MemberReplied") state.messages.add(event.data.message);
      state.members.put(id, changed(member, status, event, state.revision));
      return state;
    }
  }
}

type OneMemberEvent = Extract<CampaignEvent, { data: { member_id: MemberId } }>;

function changed(member: Member, status: MemberStatus, event: OneMemberEvent, revision: number): Member {
  if (event.type === "MemberReplied") return { ...member, replied: revision, is_reply_new: true, status };
  if (event.type === "MemberFailed")
    return { ...resting(member), status, is_dead: event.data.dead, ...sentBy(member) };
  if (event.type === "MemberRedriven") {
    const { is_dead: _, ...rest } = resting(member);
    const is_to_send = member.sent_as !== undefined;
    return { ...rest, status, redrives: member.redrives + 1, is_to_send };
  }
  if (event.type === "MemberDiscarded") {
    const { is_dead: _, ...rest } = member;
    return { ...rest, status };
  }
  return movedOn(leftBy(member, event), status, event);
}

/** A send that is tried again after a redrive is, to its partner, the one that it was. */
function sentBy({ work, sent_as }: Member): Pick<Member, "sent_as"> {
  const first = sent_as ?? (work?.type === "send" ? work.delivery_id : undefined);
  return first === undefined ? {} : { sent_as: first };
}

function resting({ work: _, wait: __, is_to_send: ___, ...member }: Member): Member {
  return member;
}

function leftBy(member: Member, { data: { left } }: MovedEvent): Member {
  const { is_reply_new, ...rest } = resting(member);
  const isUsed = left?.how === "replied";
  return {
    ...rest,
    ...(is_reply_new && !isUsed && { is_reply_new }),
    ...(left?.sentiment !== undefined && { sentiment: left.sentiment }),
  };
}

function movedOn(member: Member, status: MemberStatus, event: MovedEvent): Member {
  if (event.type === "MemberDone" || event.type === "MemberCancelled") {
    const { sent_as: _, replied: __, ...rest } = member;
    return { ...rest, status };
  }
  const { version, step } = event.data;
  if (event.type === "MemberReady") {
    const { sent_as: _, ...rest } = member;
    return { ...rest, status, version, step, redrives: 0, is_to_send: event.data.sends };
  }
  const { moves } = event.data;
  const isOther = step !== member.step;
  const { sent_as, ...rest } = member;
  const place = {
    ...rest,
    status,
    version,
    step,
    moves,
    redrives: isOther ? 0 : member.redrives,
    ...(sent_as !== undefined && !isOther && { sent_as }),
  };
  switch (event.type) {
    case "MemberSendRequested": {
      const { submission_id, route } = event.data;
      return { ...place, work: { type: "send", submission_id, delivery_id: route.delivery_id } };
    }
    case "MemberAnalysisStarted":
      return { ...place, work: { type: "analyze" } };
    case "MemberSubmissionStarted":
      return { ...place, work: { type: "submit", submission_id: event.data.submitted_as } };
    case "MemberWaiting": {
      const { due_at, ends_by_reply } = event.data;
      return { ...place, wait: { due: Date.parse(due_at), ends_by_reply } };
    }
  }
}

const isReplied = ({ wait, is_reply_new }: Member): boolean =>
  wait?.ends_by_reply === true && is_reply_new === true;

/** Whether a wait of it is over by then: by a reply, or because its time has come. */
export function endOfWait(member: Member, at: number): "replied" | "timed_out" | undefined {
  if (member.status !== "waiting" || member.wait === undefined) return undefined;
  if (isReplied(member)) return "replied";
  return member.wait.due <= at ? "timed_out" : undefined;
}

const impossible = (event: CampaignEvent, id: MemberId, { members }: CampaignState): ImpossibleHistory =>
  new ImpossibleHistory(
    `${event.type} can't happen to member ${id}, which is ${members.get(id)?.status ?? "unknown"}`,
  );
