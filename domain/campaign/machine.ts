import { setup } from "xstate";
import { tabulate } from "../machine-table.ts";
import { type CampaignEvent, type MemberStatus, memberStatuses } from "./events.ts";

// One member's life in a campaign. Time is no part of it: that a wait is over is the event with which the member goes on.

export type MemberEvent = Exclude<
  CampaignEvent,
  { type: "MembersMigrated" | "ImportStarted" | "ImportPageTaken" | "ImportFailed" }
>;
type MemberEventType = Pick<MemberEvent, "type">;

/** Where a member may go on to from wherever it has not ended. */
const onward = {
  MemberSendRequested: "working",
  MemberAnalysisStarted: "working",
  MemberSubmissionStarted: "working",
  MemberWaiting: "waiting",
  MemberReady: "pending",
  MemberDone: "done",
  MemberFailed: "failed",
  MemberCancelled: "cancelled",
  MembersCancelled: "cancelled",
} as const;

export const memberMachine = setup({ types: { events: {} as MemberEventType } }).createMachine({
  id: "member",
  initial: "expected",
  states: {
    expected: { on: { MembersAdded: "pending" } },
    pending: { on: { ...onward, MemberReplied: "pending" } },
    working: { on: { ...onward, MemberReplied: "working" } },
    waiting: { on: { ...onward, MemberReplied: "waiting" } },
    // Final, unless it is a dead letter that is fetched back.
    failed: { on: { MemberRedriven: "pending", MemberDiscarded: "failed", MemberReplied: "failed" } },
    done: { on: { MemberReplied: "done" } },
    cancelled: { on: { MemberReplied: "cancelled" } },
  },
});

const table = tabulate<typeof memberMachine, MemberStatus | "expected", MemberEventType>({
  machine: memberMachine,
  states: ["expected", ...memberStatuses],
  examples: (type) => [{ type } as MemberEventType],
  keyOf: ({ type }) => type,
});

/** Where the event leads from here; undefined where it must not happen. Before it was added a member has no status. */
export function nextMemberStatus(
  status: MemberStatus | undefined,
  event: MemberEventType,
): MemberStatus | undefined {
  const next = table.next(status ?? "expected", event);
  return next === "expected" ? undefined : next;
}
