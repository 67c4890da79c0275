// zod's issues as the contract tells them: path and message, never a value that was sent.
import type { ZodError } from "zod";
import type { Flaw } from "../refusal.ts";

type Issue = ZodError["issues"][number];

export function flawsOf(error: ZodError): Flaw[] {
  return error.issues.flatMap((issue) => told(issue, []));
}

function told(issue: Issue, above: readonly PropertyKey[]): Flaw[] {
  const path = [...above, ...issue.path];
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    return likeliest(issue.errors).flatMap((inner) => told(inner, path));
  }
  const at = (...below: string[]): string => [...path.map(String), ...below].join(".");
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => ({ path: at(key), message: "is no field here" }));
    case "invalid_key":
      return [{ path: at(), message: issue.issues[0]?.message ?? issue.message }];
    default:
      return [{ path: at(), message: issue.message }];
  }
}

/** Of a union's branches the one that the input was probably meant for: with the fewest complaints. */
function likeliest(branches: readonly (readonly Issue[])[]): readonly Issue[] {
  return branches.reduce((best, one) => (weight(one) < weight(best) ? one : best));
}

function weight(issues: readonly Issue[]): number {
  return issues.reduce((sum, issue) => sum + (issue.code === "unrecognized_keys" ? 2 : 1), 0);
}
