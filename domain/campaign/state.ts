import type { Sentiment } from "../analysis/service.ts";
import type { Sealed } from "../event.ts";
import type { DeliveryId, MemberId, StepId, SubmissionId } from "../ids.ts";
import { DueQueue } from "./due-queue.ts";
import type { CampaignEvent, MemberStatus, MovedEvent } from "./events.ts";
import { nextMemberStatus } from "./machine.ts";

// What the owner of a campaign has to know of its members, folded from the campaign's stream.

export type Work =
  | { readonly type: "send"; readonly submission_id: SubmissionId; readonly delivery_id: DeliveryId }
  | { readonly type: "analyze" }
  | { readonly type: "submit"; readonly submission_id: SubmissionId };

/** Never changed, always replaced. Small, since there may be a million: the fields stay in the log, which it points to. */
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
  /** While working. */
  readonly work?: Work;
  /** While waiting. */
  readonly wait?: { readonly due: number; readonly ends_by_reply: boolean };
  /** The newest. */
  readonly reply?: Sealed;
  /** It has ended no wait yet. */
  readonly is_reply_new?: boolean;
  readonly sentiment?: Sentiment;
  /** By which the partner may know the send that is tried once more. */
  readonly sent_as?: DeliveryId;
  /** Failed, and a dead letter. */
  readonly is_dead?: boolean;
}

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
  readonly members: Map<MemberId, Member>;
  /** Pending, in the order in which they came: those that have not begun, and those that have, by what they come to. */
  readonly fresh: Set<MemberId>;
  readonly toSend: Set<MemberId>;
  readonly toWork: Set<MemberId>;
  readonly working: Set<MemberId>;
  waiting: number;
  readonly due: DueQueue;
  /** Hashes of the ids of messages that were taken as replies. */
  readonly messages: Set<string>;
  /** The version of the newest migration that was made. */
  migrated: number;
  import: ImportState | undefined;
}

export const newCampaign = (): CampaignState => ({
  revision: -1,
  members: new Map(),
  fresh: new Set(),
  toSend: new Set(),
  toWork: new Set(),
  working: new Set(),
  waiting: 0,
  due: new DueQueue(),
  messages: new Set(),
  migrated: 0,
  import: undefined,
});

export const activeIn = ({ fresh, toSend, toWork, working, waiting }: CampaignState): number =>
  fresh.size + toSend.size + toWork.size + working.size + waiting;

export function sendsIn({ working, members }: CampaignState): number {
  let sends = 0;
  for (const id of working) if (members.get(id)?.work?.type === "send") sends += 1;
  return sends;
}

/** The stream holds an event where it could not happen: no decision of ours leads there. */
class ImpossibleHistory extends Error {
  override name = "ImpossibleHistory";
}

export function evolve(state: CampaignState, event: CampaignEvent): CampaignState {
  state.revision += 1;
  switch (event.type) {
    case "MembersAdded":
      for (const [n, { member_id }] of event.data.members.entries()) {
        if (state.members.has(member_id)) throw impossible(event, member_id, state);
        const added = { revision: state.revision, n };
        put(state, member_id, { status: "pending", added, version: 0, moves: 0, redrives: 0 });
      }
      return state;
    case "MembersCancelled":
      for (const [id, member] of state.members)
        if (isActive(member) && member.work?.type !== "send")
          put(state, id, { ...resting(member), status: "cancelled" });
      return state;
    case "MembersMigrated":
      migrate(state, event.data);
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
      const sends = event.type === "MemberReady" ? event.data.sends : member.sent_as !== undefined;
      put(state, id, changed(member, status, event), sends);
      return state;
    }
  }
}

const isActive = ({ status }: Member): boolean =>
  status === "pending" || status === "working" || status === "waiting";

type OneMemberEvent = Extract<CampaignEvent, { data: { member_id: MemberId } }>;

function changed(member: Member, status: MemberStatus, event: OneMemberEvent): Member {
  if (event.type === "MemberReplied")
    return { ...member, reply: event.data.sealed, is_reply_new: true, status };
  if (event.type === "MemberFailed")
    return { ...resting(member), status, is_dead: event.data.dead, ...sentBy(member) };
  if (event.type === "MemberRedriven") {
    const { is_dead: _, ...rest } = resting(member);
    return { ...rest, status, redrives: member.redrives + 1, ...sentBy(member) };
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

function resting({ work: _, wait: __, ...member }: Member): Member {
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
    const { sent_as: _, reply: __, ...rest } = member;
    return { ...rest, status };
  }
  const { version, step } = event.data;
  if (event.type === "MemberReady") {
    const { sent_as: _, ...rest } = member;
    return { ...rest, status, version, step, redrives: 0 };
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

/** In its place among the others as well. */
function put(state: CampaignState, id: MemberId, member: Member, sends = false): void {
  const before = state.members.get(id);
  state.members.set(id, member);
  for (const set of [state.fresh, state.toSend, state.toWork, state.working]) set.delete(id);
  if (before?.status === "waiting") state.waiting -= 1;
  switch (member.status) {
    case "pending":
      if (member.step === undefined) state.fresh.add(id);
      else (sends ? state.toSend : state.toWork).add(id);
      return;
    case "working":
      state.working.add(id);
      return;
    case "waiting": {
      state.waiting += 1;
      const at = isReplied(member) ? 0 : (member.wait?.due ?? 0);
      const isNew = before?.moves !== member.moves || (isReplied(member) && !isReplied(before));
      if (isNew) state.due.push({ at, id, moves: member.moves });
      return;
    }
    case "done":
    case "failed":
    case "cancelled":
      return;
  }
}

const isReplied = (member: Member | undefined): boolean =>
  member?.wait?.ends_by_reply === true && member.is_reply_new === true;

/** Whether a wait of it is over by then: by a reply, or because its time has come. */
export function endOfWait(member: Member, at: number): "replied" | "timed_out" | undefined {
  if (member.status !== "waiting" || member.wait === undefined) return undefined;
  if (isReplied(member)) return "replied";
  return member.wait.due <= at ? "timed_out" : undefined;
}

/** Members in those steps are in the others, of the newer version; what they wait for there stays what it was. */
function migrate(
  state: CampaignState,
  { version, steps }: Extract<CampaignEvent, { type: "MembersMigrated" }>["data"],
): void {
  state.migrated = version;
  const places = new Map(Object.entries(steps));
  for (const [id, member] of state.members) {
    const step = member.step === undefined ? undefined : places.get(member.step);
    if (step !== undefined && (isActive(member) || member.status === "failed"))
      state.members.set(id, { ...member, version, step });
  }
}

const impossible = (event: CampaignEvent, id: MemberId, { members }: CampaignState): ImpossibleHistory =>
  new ImpossibleHistory(
    `${event.type} can't happen to member ${id}, which is ${members.get(id)?.status ?? "unknown"}`,
  );
