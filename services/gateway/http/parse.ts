// Input checked with a zod schema: what fits, or a refusal that says path and message of each error, never a value that was sent.
import type { z } from "zod";
import { type InputError, type Refusal, type RefusalReason, refusal } from "../refusal.ts";

type Issue = z.ZodError["issues"][number];

export function parseInput<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
  reason: RefusalReason = "invalid",
  reasonForUnknownFields: RefusalReason = reason,
): z.output<Schema> | Refusal {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const isUnknown = parsed.error.issues.some(({ code }) => code === "unrecognized_keys");
  return refusal(isUnknown ? reasonForUnknownFields : reason, {
    errors: unknownFieldsFirst(parsed.error.issues).flatMap((issue) => inputErrors(issue, [])),
  });
}

/** They often explain what is missing. */
function unknownFieldsFirst(issues: readonly Issue[]): Issue[] {
  const isUnknown = ({ code }: Issue): boolean => code === "unrecognized_keys";
  return [...issues.filter(isUnknown), ...issues.filter((issue) => !isUnknown(issue))];
}

function inputErrors(issue: Issue, above: readonly PropertyKey[]): InputError[] {
  const path = [...above, ...issue.path];
  if (issue.code === "invalid_union" && issue.errors.length > 0)
    return likeliest(issue.errors).flatMap((inner) => inputErrors(inner, path));
  const at = (...below: string[]): string => [...path.map(String), ...below].join(".");
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => ({ path: at(key), message: "is not known here" }));
    case "invalid_key":
      return [{ path: at(), message: issue.issues[0]?.message ?? issue.message }];
    default:
      return [{ path: at(), message: issue.message }];
  }
}

/** The branch of a union that the input was probably meant for: the one with the fewest errors. */
function likeliest(branches: readonly (readonly Issue[])[]): readonly Issue[] {
  return branches.reduce((best, one) => (weight(one) < weight(best) ? one : best));
}

function weight(issues: readonly Issue[]): number {
  return issues.reduce((sum, issue) => sum + weightOf(issue), 0);
}

/** A branch for another type was not meant, however much is wrong within this one. */
function weightOf({ code, path }: Issue): number {
  if (code === "invalid_type" && path.length === 0) return 10;
  return code === "unrecognized_keys" ? 2 : 1;
}
