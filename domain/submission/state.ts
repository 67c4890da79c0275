import { z } from "zod";
import { Instant, Sealed } from "../event.ts";
import { PartnerId, PersonId, SourceId, SubmissionId } from "../ids.ts";
import { DeadCause } from "../partner/events.ts";
import { Kind, Route, Stage, type SubmissionEvent } from "./events.ts";
import { nextStatus, type Status, statuses } from "./machine.ts";

/** What the lead's actor has to know of a submission to decide what comes next. A schema, for snapshots are read back. */
export const SubmissionState = z.object({
  status: z.enum(statuses),
  id: SubmissionId,
  kind: Kind,
  source: SourceId,
  received_at: Instant,
  key_fingerprint: z.string(),
  /** The payload, under the newest key that it was given. */
  sealed: Sealed,
  person_id: PersonId.optional(),
  route: Route.optional(),
  /** Why it lies among the dead letters, or what it was fetched back for. */
  dead: z.object({ stage: Stage, partner: PartnerId.optional(), cause: DeadCause.optional() }).optional(),
  /** An operator has put the payload right since it was sent. */
  corrected: z.literal(true).optional(),
});
export type SubmissionState = Readonly<z.infer<typeof SubmissionState>>;

/** The log holds an event where it could not happen: no command of ours leads there. */
export class ImpossibleHistory extends Error {
  override name = "ImpossibleHistory";

  constructor(event: SubmissionEvent, status: Status | undefined) {
    super(
      `${event.type} can't happen to submission ${event.data.submission_id}, which is ${status ?? "unknown"}`,
    );
  }
}

export function evolve(state: SubmissionState | undefined, event: SubmissionEvent): SubmissionState {
  const status = nextStatus(state?.status, event);
  if (status === undefined) throw new ImpossibleHistory(event, state?.status);
  if (event.type === "SubmissionReceived") return received(event.data);
  if (state === undefined) throw new ImpossibleHistory(event, undefined);
  switch (event.type) {
    case "PersonIdentified": {
      const { person_id, sealed } = event.data;
      return { ...state, status, ...(sealed && { sealed }), ...(person_id !== undefined && { person_id }) };
    }
    case "SubmissionRouted": {
      const { dead: _, corrected: __, ...rest } = state;
      return { ...rest, status, route: event.data.route, sealed: event.data.sealed };
    }
    case "SubmissionDeadLettered": {
      const { stage, partner, cause } = event.data;
      return { ...state, status, dead: { ...deadAt(stage, partner), ...(cause !== undefined && { cause }) } };
    }
    case "SubmissionRedriven": {
      const { stage, partner } = event.data;
      return { ...state, status, dead: deadAt(stage, partner) };
    }
    case "SubmissionCorrected":
      return { ...state, status, sealed: event.data.sealed, corrected: true };
    case "SubmissionReconciled": {
      const { partner } = event.data;
      return { ...state, status, dead: deadAt("deliver", partner) };
    }
    case "SubmissionDiscarded":
    case "SubmissionUnrouted":
    case "SubmissionRejected":
      return { ...state, status };
  }
}

const deadAt = (stage: Stage, partner: PartnerId | undefined): NonNullable<SubmissionState["dead"]> => ({
  stage,
  ...(partner !== undefined && { partner }),
});

function received(data: Extract<SubmissionEvent, { type: "SubmissionReceived" }>["data"]): SubmissionState {
  const { submission_id: id, kind, source, received_at, key_fingerprint, sealed } = data;
  return { status: "received", id, kind, source, received_at, key_fingerprint, sealed };
}
