// From a body's text to a payload that can be taken in, or to everything that is wrong with it.
import type { Kind } from "#domain/submission/events.ts";
import type { Normalised } from "#domain/submission/submission.ts";
import { flawsOf } from "../http/flaws.ts";
import type { JsonObject } from "../http/json-body.ts";
import { type Refusal, refusal } from "../refusal.ts";
import { bodies } from "./kinds.ts";
import { normalise } from "./normalise.ts";

export interface Checked {
  readonly payload: JsonObject;
  readonly normalised: Normalised;
}

export function checkPayload(kind: Kind, payload: JsonObject): Checked | Refusal {
  const parsed = bodies[kind].safeParse(payload);
  if (!parsed.success) return refusal("invalid", { errors: flawsOf(parsed.error) });
  const { normalised, flaws } = normalise(payload);
  // A courier's event is no less true for a phone number that nobody could call.
  if (flaws.length > 0 && kind !== "event") return refusal("invalid", { errors: flaws });
  if (kind === "lead" && !isIdentifying(normalised)) {
    const message = "a lead needs at least one of email, phone, full_name (or first_name and last_name)";
    return refusal("invalid", { errors: [{ path: "", message }] });
  }
  return { payload, normalised };
}

function isIdentifying({ email, phone, full_name }: Normalised): boolean {
  return email !== undefined || phone !== undefined || full_name !== undefined;
}
