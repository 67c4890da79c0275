import { type Facts, valueAt } from "../rules/evaluate.ts";
import type { PartnerConfig } from "./config.ts";

// What makes two submissions the same for a partner.

interface Ids {
  readonly person_id?: string | undefined;
  readonly kind: string;
  readonly source: string;
  readonly key_fingerprint: string;
}

/** Where a function says what is the same, it has to be asked first. */
export type DedupeByFields = Exclude<PartnerConfig["dedupe"], { function: string }>;

/** Two keys are equal only where the partner must get just one of them. Not yet hashed: it may hold personal data. */
export function dedupeKeyOf(dedupe: DedupeByFields, facts: Facts, ids: Ids): string {
  const values = dedupe?.fields.map((field) => comparable(valueAt(facts, field)));
  // Two blanks are not the same thing twice, so a missing field leaves nothing to compare by.
  if (dedupe && values?.every((value) => value !== undefined))
    return JSON.stringify(["fields", dedupe.fields, values]);
  return ownKey(ids);
}

/** `text` is what the function gave; a blank one is equal to nothing, as a blank field is. */
export function dedupeKeyFrom(text: string, ids: Ids): string {
  return text.trim() === "" ? ownKey(ids) : JSON.stringify(["function", text]);
}

/** Equal only where it is the same submission once more. */
export function ownKey(ids: Ids): string {
  const { person_id, kind, source, key_fingerprint } = ids;
  return JSON.stringify(["own", person_id ?? null, kind, source, key_fingerprint]);
}

function comparable(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  const text = typeof value === "string" ? value.trim().toLowerCase() : JSON.stringify(value);
  return text === "" ? undefined : text;
}
