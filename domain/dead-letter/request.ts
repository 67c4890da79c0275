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

/** As the list of dead letters shows the reason: its first characters, where it is long. */
export const DeadCauseShown = z.string().min(1).max(200);

/** By their ids, or all that are of this stage, this partner and this cause. */
export const Selection = z.object({
  ids: z.array(z.uuid()).optional(),
  stage: DeadStage.optional(),
  partner: PartnerId.optional(),
  cause: z.string().optional(),
});
export type Selection = z.infer<typeof Selection>;

const unchanged = (data: unknown): unknown => data;
const request = Selection.extend({ request_id: RequestId });

export const deadLetterEvents = {
  // A release that knows no cause would choose more than was meant, so what names one is of a version that it waits for.
  RedriveRequested: { version: 2, schema: request, upcasts: { 1: unchanged } },
  DiscardRequested: {
    version: 2,
    schema: request.extend({ reason: z.string() }),
    upcasts: { 1: unchanged },
  },
  /** Nothing more of it is moved until it is resumed. */
  RequestPaused: { version: 1, schema: z.object({ request_id: RequestId }) },
  RequestResumed: { version: 1, schema: z.object({ request_id: RequestId }) },
  /** All that it chose was moved, but for what can't be: that is free again. */
  RequestCarriedOut: { version: 1, schema: z.object({ request_id: RequestId }) },
} as const;

export type DeadLetterEvent = EventOf<typeof deadLetterEvents>;

export type RequestState = "requested" | "paused" | "carried_out" | undefined;

export type RequestCommand =
  | { readonly type: "redrive"; readonly id: RequestId; readonly which: Selection }
  | { readonly type: "discard"; readonly id: RequestId; readonly which: Selection; readonly reason: string }
  | { readonly type: "pause" | "resume" | "carry_out"; readonly id: RequestId };

type Made = Decision<DeadLetterEvent, "already_requested" | "not_requested" | "carried_out">;

const stateAfter: Readonly<Record<DeadLetterEvent["type"], RequestState>> = {
  RedriveRequested: "requested",
  DiscardRequested: "requested",
  RequestPaused: "paused",
  RequestResumed: "requested",
  RequestCarriedOut: "carried_out",
};

export const deadLetterRequest: Decider<RequestState, RequestCommand, Made> = {
  initial: undefined,
  evolve: (_, { type }) => stateAfter[type],
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
      case "pause":
      case "resume": {
        if (state === undefined) return refuse("not_requested");
        if (state === "carried_out") return refuse("carried_out");
        const [wanted, event] =
          command.type === "pause"
            ? (["paused", "RequestPaused"] as const)
            : (["requested", "RequestResumed"] as const);
        return state === wanted ? accept() : accept({ type: event, data: { request_id } });
      }
      // Of one that was paused a moment ago nothing is said until it is resumed.
      case "carry_out":
        if (state !== "requested") return refuse("not_requested");
        return accept({ type: "RequestCarriedOut", data: { request_id } });
    }
  },
};
