import type { Facts } from "../rules/evaluate.ts";
import { factsOf } from "../submission/route.ts";
import type { Submission } from "../submission/submission.ts";

// What a partner is sent.

export interface Ids {
  readonly id: string;
  readonly delivery_id: string;
  readonly person_id?: string;
}

/** The submission with its ids: the body as it came, the normalised contact fields in place of the raw ones. */
export function defaultBody(submission: Submission, { id, delivery_id, person_id }: Ids): Facts {
  const { kind, source, received_at, payload, normalised } = submission;
  const ids = { id, delivery_id, kind, source, received_at, ...(person_id !== undefined && { person_id }) };
  // First so that they come first, last so that nobody's payload can put others in their place.
  return { ...ids, ...payload, ...normalised, ...ids };
}

const NOT_LOOKED_UP = { person: undefined, context: undefined, suppressed: undefined };

/** What templates can be filled in from; what was looked up last, so that no payload can put something else in its place. */
export function templateFacts(submission: Submission, ids: Ids): Facts {
  return {
    ...factsOf(submission),
    ...defaultBody(submission, ids),
    ...NOT_LOOKED_UP,
    ...submission.looked_up,
  };
}
