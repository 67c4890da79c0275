// Reads a JSON object from bytes, and refuses what could harm the code that handles it later.
import { isUtf8 } from "node:buffer";
import { type Refusal, refusal } from "../refusal.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

export interface JsonLimits {
  readonly depth: number;
  readonly values: number;
}

const SUBMISSION_LIMITS: JsonLimits = { depth: 32, values: 10_000 };

export function readText(body: Buffer): string | Refusal {
  return isUtf8(body) ? body.toString("utf8") : malformed("The body is not valid UTF-8; encode it so");
}

export function readJson(body: Buffer, limits = SUBMISSION_LIMITS): JsonObject | Refusal {
  const text = readText(body);
  return typeof text === "string" ? parseObject(text, limits) : text;
}

/** `text` is what `readText` made of the bytes. */
export function parseObject(text: string, limits = SUBMISSION_LIMITS): JsonObject | Refusal {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return malformed("The body is not JSON; send one JSON object");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return malformed("The body is JSON but no object; send one JSON object");
  const problem = problemWith(value, limits);
  return problem === undefined ? (value as JsonObject) : malformed(problem);
}

function problemWith(root: object, limits: JsonLimits): string | undefined {
  let level: object[] = [root];
  let values = 0;
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > limits.depth) return `The body is nested more than ${limits.depth} levels deep; flatten it`;
    const next: object[] = [];
    for (const one of level) {
      for (const key of Object.keys(one)) {
        const value: unknown = (one as Record<string, unknown>)[key];
        const isObject = typeof value === "object" && value !== null;
        if (key === "__proto__" || (key === "constructor" && isObject))
          return "The body has a key __proto__, or an object under constructor; rename it";
        values += 1;
        if (isObject) next.push(value);
        // JSON can write a number that no double can hold, and it would not come out again as it came.
        else if (typeof value === "number" && !Number.isFinite(value))
          return "The body has a number that no double can hold; send it as text";
      }
    }
    if (values > limits.values) return `The body has more than ${limits.values} values; send less at once`;
    level = next;
  }
  return undefined;
}

const malformed = (detail: string): Refusal => refusal("malformed", { detail });
