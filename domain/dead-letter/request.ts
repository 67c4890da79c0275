import { z } from "zod";
import { accept, type Decider, type Decision, refuse } from "../decider.ts";
import type { EventOf } from "../event.ts";
import { PartnerId } from "../ids.ts";
import { Stage } from "../submission/events.ts";

// Stream: dead_letters-<id of the request>. An operator wants dead letters moved. Which they are follows from where the request stands in
// the log: all that lie there by then, are chosen, and that no earlier request has. See docs/decisions/0048.

export const DEAD_LETTERS_STREAM_PREFIX = "dead_letters-";
export const deadLettersStream = (id: RequestId): string => `${DEAD_LETTERS_STREAM_PREFIX}${id}`;

/** Where something can die: on the way of a submission, or in a step of a campaign. */
export const DeadStage = z.enum([...Stage.options, "campaign"]);
export type DeadStage = z.infer<typeof DeadStage>;

export const RequestId = z.uuid().brand<"RequestId">();
export type RequestId = z.infer<typeof RequestId>;

/** By their ids, or all that are of this stage and this partner. */
export const Selection = z.object({
  ids: z.array(z.uuid()).optional(),
  stage: DeadStage.optional(),
  partner: PartnerId.optional(),
});
export type Selection = z.infer<typeof Selection>;

const request = Selection.extend({ request_id: RequestId });

export const deadLetterEvents = {
  RedriveRequested: { version: 1, schema: request },
  DiscardRequested: { version: 1, schema: request.extend({ reason: z.string() }) },
  /** All that it chose was moved, but for what can't be: that is free again. */
  RequestCarriedOut: { version: 1, schema: z.object({ request_id: RequestId }) },
} as const;

export type DeadLetterEvent = EventOf<typeof deadLetterEvents>;

export type RequestState = "requested" | "carried_out" | undefined;

export type RequestCommand =
  | { readonly type: "redrive"; readonly id: RequestId; readonly which: Selection }
  | { readonly type: "discard"; readonly id: RequestId; readonly which: Selection; readonly reason: string }
  | { readonly type: "carry_out"; readonly id: RequestId };

type Made = Decision<DeadLetterEvent, "already_requested" | "not_requested">;

export const deadLetterRequest: Decider<RequestState, RequestCommand, Made> = {
  initial: undefined,
  evolve: (_, { type }) => (type === "RequestCarriedOut" ? "carried_out" : "requested"),
  decide(command, state) {
    const { id: request_id } = command;
    switch (command.type) {
      case "redrive": {
        if (state !== undefined) return refuse("already_requested");
        return accept({ type: "RedriveRequested", data: { request_id, ...command.which } });
      }
      case "discard": {
        if (state !== undefined) return refuse("already_requested");
        const { which, reason } = command;
        return accept({ type: "DiscardRequested", data: { request_id, ...which, reason } });
      }
      case "carry_out":
        if (state !== "requested") return refuse("not_requested");
        return accept({ type: "RequestCarriedOut", data: { request_id } });
    }
  },
};
