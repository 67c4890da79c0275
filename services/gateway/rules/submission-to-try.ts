// A submission as people write it down to see what the rules make of it.
import { z } from "zod";
import type { Facts } from "#domain/rules/evaluate.ts";
import type { JsonObject } from "../http/json-body.ts";
import { normalise } from "../intake/normalise.ts";

/** The payload, with `kind`, `source` and whatever else rules ask about. */
export const SubmissionToTry = z.record(z.string(), z.unknown()).meta({
  description: "The payload, with `kind`, `source`, `person`, `context` and `suppressed` if wanted",
});

export function factsFrom(submission: z.infer<typeof SubmissionToTry>): Facts {
  const { normalised } = normalise(submission as JsonObject);
  return { kind: "lead", ...submission, ...normalised };
}
