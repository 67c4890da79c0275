// All that is different from one kind of submission to another. All fields that a kind does not name are kept as they came.
import { z } from "zod";
import type { Normalised } from "#domain/submission/submission.ts";
import type { JsonObject } from "../../http/json-body.ts";
import type { InputError } from "../../refusal.ts";

export interface SubmissionKind {
  /** Where it is posted. */
  readonly path: string;
  readonly summary: string;
  /** Registered with its name in the descriptions of the API; with examples that the gateway accepts. */
  readonly body: z.ZodType;
  /** Whether an e-mail address or phone number that can't be one refuses the submission; else it is left out. */
  readonly refusesBadContact: boolean;
  /** What no schema of the fields alone can say. */
  check?(normalised: Normalised): InputError | undefined;
  /** What the attributes of a CloudEvent stand for, where its data does not say it. */
  fromCloudEvent?(attributes: JsonObject): JsonObject;
}

const MAX_TEXT = 10_000;

/** Absent, null and blank are the same; which of them it was is kept. */
export const text = z.string().max(MAX_TEXT).nullish();
/** Of a field that is an object, where something is in it. */
export const blank = z.string().regex(/^\s*$/);
export const requiredText = z
  .string()
  .max(MAX_TEXT)
  .refine((value) => value.trim() !== "", "must not be blank");
export const reference = z.union([z.string().max(MAX_TEXT), z.number()]).nullish();

export const contact = {
  email: text.meta({ description: "Normalised to lower case", examples: ["jane@example.com"] }),
  phone: text.meta({ description: "Normalised to E.164; `country` is the hint", examples: ["+12025550143"] }),
  full_name: text,
  first_name: text,
  last_name: text,
  country: text.meta({ description: "ISO 3166 code or English name", examples: ["US"] }),
};
