// From bytes to a JSON object that can do no harm to whoever handles it later.
import { isUtf8 } from "node:buffer";
import { type Refusal, refusal } from "../refusal.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

export interface Bounds {
  readonly depth: number;
  readonly values: number;
}

const SUBMISSION: Bounds = { depth: 32, values: 10_000 };

/** `text` is what `readText` made of the bytes. */
export function readObject(text: string, bounds = SUBMISSION): JsonObject | Refusal {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refusal("malformed", { detail: "The body is not JSON" });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return refusal("malformed", { detail: "The body must be a JSON object" });
  }
  const objection = objectionTo(value, bounds);
  return objection === undefined ? (value as JsonObject) : refusal("malformed", { detail: objection });
}

export function readText(body: Buffer): string | Refusal {
  if (!isUtf8(body)) return refusal("malformed", { detail: "The body is not valid UTF-8" });
  return body.toString("utf8");
}

function objectionTo(root: object, bounds: Bounds): string | undefined {
  let level: object[] = [root];
  let values = 0;
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > bounds.depth) return `The body is nested more than ${bounds.depth} levels deep`;
    const next: object[] = [];
    for (const one of level) {
      for (const key of Object.keys(one)) {
        const value: unknown = (one as Record<string, unknown>)[key];
        const isObject = typeof value === "object" && value !== null;
        if (key === "__proto__" || (key === "constructor" && isObject))
          return "The body has a key that is not allowed";
        values += 1;
        if (isObject) next.push(value);
        // JSON can write a number that no double can hold, and it would not come out again as it came.
        else if (typeof value === "number" && !Number.isFinite(value))
          return "The body has a number out of range";
      }
    }
    if (values > bounds.values) return `The body has more than ${bounds.values} values`;
    level = next;
  }
  return undefined;
}
