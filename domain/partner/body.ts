import { type Facts, valueAt } from "../rules/evaluate.ts";
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

const PLACE = /\{\{\s*([A-Za-z0-9_.-]+)\s*\}\}/g;
const ONLY_A_PLACE = /^\{\{\s*([A-Za-z0-9_.-]+)\s*\}\}$/;

/** A mapping of templates, filled in: `"{{path}}"` alone keeps the value's type, within a text it becomes text. */
export function fill(template: unknown, facts: Facts): unknown {
  if (typeof template === "string") {
    const only = ONLY_A_PLACE.exec(template)?.[1];
    if (only !== undefined) return valueAt(facts, only);
    return template.replace(PLACE, (_place, path: string) => asText(valueAt(facts, path)));
  }
  if (Array.isArray(template)) return template.map((one) => fill(one, facts) ?? null);
  if (typeof template !== "object" || template === null) return template;
  return Object.fromEntries(Object.entries(template).map(([name, one]) => [name, fill(one, facts)]));
}

function asText(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
