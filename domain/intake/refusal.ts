import { accept, type Decider, type Decision, refuse } from "../decider.ts";
import type { MemberId, SubmissionId } from "../ids.ts";
import type { IntakeEvent, RefusalId } from "./events.ts";

// What becomes of a message that was refused: it lies there until it is taken in after all, or discarded.

type Refused = Extract<IntakeEvent, { type: "SubmissionRefused" | "ReplyRefused" }>;

export interface RefusalState {
  readonly status: "refused" | "redriven" | "discarded";
  /** As it was refused last. */
  readonly refused: Refused;
  readonly attempts: number;
}

export type RefusalCommand =
  /** Put through intake again, and refused again. */
  | { readonly type: "refuse_again"; readonly because: Pick<Refused["data"], "reason" | "errors"> }
  | { readonly type: "take_in"; readonly id: RefusalId; readonly submission_id: SubmissionId }
  | { readonly type: "take_in_reply"; readonly id: RefusalId; readonly member_id: MemberId }
  | { readonly type: "discard"; readonly id: RefusalId; readonly reason: string };

type Made = Decision<IntakeEvent, "not_refused">;

export const refusalDecider: Decider<RefusalState | undefined, RefusalCommand, Made> = {
  initial: undefined,
  evolve,
  decide(command, state) {
    if (state?.status !== "refused") return refuse("not_refused");
    switch (command.type) {
      case "refuse_again": {
        const more = { ...command.because, attempts: state.attempts + 1 };
        const { refused } = state;
        return refused.type === "ReplyRefused"
          ? accept({ type: refused.type, data: { ...refused.data, ...more } })
          : accept({ type: refused.type, data: { ...refused.data, ...more } });
      }
      case "take_in": {
        const { id: refusal_id, submission_id } = command;
        return accept({ type: "RefusalRedriven", data: { refusal_id, submission_id } });
      }
      case "take_in_reply": {
        const { id: refusal_id, member_id } = command;
        return accept({ type: "ReplyRedriven", data: { refusal_id, member_id } });
      }
      case "discard": {
        const { id: refusal_id, reason } = command;
        return accept({ type: "RefusalDiscarded", data: { refusal_id, reason } });
      }
    }
  },
};

function evolve(state: RefusalState | undefined, event: IntakeEvent): RefusalState | undefined {
  switch (event.type) {
    case "SubmissionRefused":
    case "ReplyRefused": {
      const { attempts = 1 } = event.data;
      return { status: "refused", refused: event, attempts };
    }
    case "RefusalRedriven":
    case "ReplyRedriven":
      return state && { ...state, status: "redriven" };
    case "RefusalDiscarded":
      return state && { ...state, status: "discarded" };
  }
}
