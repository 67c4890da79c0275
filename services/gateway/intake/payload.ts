// From a payload as it came to one that can be stored, or to everything that is wrong with it.
import type { SourceSettings } from "#domain/source/events.ts";
import type { Kind } from "#domain/submission/events.ts";
import type { Normalised } from "#domain/submission/submission.ts";
import type { JsonObject } from "../http/json-body.ts";
import { parseInput } from "../http/parse.ts";
import { isRefusal, type Refusal, refusal } from "../refusal.ts";
import { kinds } from "./kinds/kinds.ts";
import { normalise } from "./normalise.ts";

export interface CheckedPayload {
  readonly payload: JsonObject;
  readonly normalised: Normalised;
}

export function checkPayload(
  kind: Kind,
  payload: JsonObject,
  { default_country }: Pick<SourceSettings, "default_country"> = {},
): CheckedPayload | Refusal {
  const { body, refusesBadContact, check } = kinds[kind];
  const parsed = parseInput(body, payload);
  if (isRefusal(parsed)) return parsed;
  const { normalised, errors } = normalise(payload, default_country);
  if (errors.length > 0 && refusesBadContact) return refusal("invalid", { errors });
  const error = check?.(normalised);
  return error === undefined ? { payload, normalised } : refusal("invalid", { errors: [error] });
}
