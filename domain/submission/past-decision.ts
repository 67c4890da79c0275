import type { Sealed } from "../event.ts";
import type { PartnerId, RuleId, SubmissionId } from "../ids.ts";
import type { Decide } from "../rules/compile/compile.ts";
import type { Facts } from "../rules/evaluate.ts";
import { type Decided, type SubmissionEvent, submissionEvents } from "./events.ts";
import { routeAgain, seedOf } from "./route.ts";

// Decisions that the log has, taken once more by other rules. What a partner would have answered is nowhere: only where a submission
// would first have gone is known.

/** A decision that the rules took, as the log has it. */
export interface PastDecision {
  readonly id: SubmissionId;
  /** Where it went first; null where no rule, or no partner that takes anything, was found. */
  readonly partner: PartnerId | null;
  readonly decided: Decided;
  /** Undefined where the submission stands sealed in an earlier event of the same stream. */
  readonly sealed: Sealed | undefined;
}

/** Undefined where the event is no decision by the rules. `at` is when it was stored. */
export function pastDecision(event: SubmissionEvent, at: string): PastDecision | undefined {
  switch (event.type) {
    case "SubmissionRouted": {
      const { submission_id: id, route, sealed, decided } = event.data;
      // Later legs go on with what was decided. Of older first legs it is not recorded what the decision rested on.
      if (decided === undefined && route.leg > 1) return undefined;
      return { id, partner: route.partner, decided: decided ?? unrecorded(id, at), sealed };
    }
    case "SubmissionUnrouted": {
      const { submission_id: id, sealed, decided } = event.data;
      return { id, partner: null, decided: decided ?? unrecorded(id, at), sealed };
    }
    case "SubmissionReceived":
    case "PersonIdentified":
    case "SubmissionRejected":
    case "SubmissionDeadLettered":
    case "SubmissionRedriven":
    case "SubmissionCorrected":
    case "SubmissionDiscarded":
    case "SubmissionReconciled":
      return undefined;
  }
}

/** An event as it is stored, and when it happened. */
interface Stored {
  readonly type: string;
  readonly version: number;
  readonly data: unknown;
  readonly at: string;
}

/**
 * The same of an event that is not decoded: a look at what is used takes a tenth of the time. Undefined where it is not plainly a
 * decision as this release writes it: then decoding says what it is.
 */
export function plainDecision({ type, version, data }: Stored): PastDecision | undefined {
  const isRouted = type === "SubmissionRouted";
  if (!(isRouted || type === "SubmissionUnrouted") || version !== submissionEvents[type].version)
    return undefined;
  if (!isObject(data)) return undefined;
  const { submission_id: id, route, sealed, decided } = data;
  const isPlain =
    typeof id === "string" &&
    isDecided(decided) &&
    (isRouted
      ? isObject(route) && typeof route.partner === "string" && isSealed(sealed)
      : sealed === undefined || isSealed(sealed));
  if (!isPlain) return undefined;
  const partner = isRouted ? (route as { readonly partner: PartnerId }).partner : null;
  return { id: id as SubmissionId, partner, decided, sealed: sealed as Sealed | undefined };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isSealed = (value: unknown): value is Sealed =>
  isObject(value) &&
  typeof value.key === "string" &&
  typeof value.iv === "string" &&
  typeof value.tag === "string" &&
  typeof value.data === "string";

/** Without what a routing service answered, which is looked at closer. */
const isDecided = (value: unknown): value is Decided =>
  isObject(value) &&
  typeof value.at === "string" &&
  typeof value.seed === "number" &&
  Array.isArray(value.closed) &&
  value.closed.length === 0 &&
  value.asked === undefined;

const unrecorded = (id: SubmissionId, at: string): Decided => ({ at, seed: seedOf(id), closed: [] });

export interface OtherDecision {
  readonly partner: PartnerId | null;
  readonly rule: RuleId | null;
}

/** What the other rules make of it. */
export function decideAgain(decide: Decide, { decided }: PastDecision, facts: Facts): OtherDecision {
  let rule: RuleId | null = null;
  const routing = routeAgain(
    {
      version: 0,
      decide(asked) {
        const found = decide(asked);
        rule = found?.id ?? null;
        return found;
      },
    },
    decided,
    facts,
  );
  const partner = "partners" in routing ? (routing.partners?.[0] ?? null) : null;
  return { partner, rule };
}
