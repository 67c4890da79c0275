// A submission that a rule would take, as far as it can be told from the rule alone.
import type { Rule } from "../api/shapes.ts";

type Group = Rule["when"];
export type Example = Readonly<Record<string, unknown>>;

/** These are not for a producer to say. */
const LOOKED_UP = new Set(["person", "context", "suppressed", "source"]);

/** What the conditions name that all must hold; of any others nobody knows which. */
export function exampleFor({ when }: Pick<Rule, "when">): Example {
  const example: Record<string, unknown> = {};
  collect(when, example);
  return example;
}

function collect({ combinator, not, rules }: Group, into: Record<string, unknown>): void {
  if (not === true) return;
  for (const one of combinator === "or" ? rules.slice(0, 1) : rules) {
    if ("combinator" in one) collect(one, into);
    else {
      const value = fitting(one.operator, one.value);
      if (value !== undefined) put(into, one.field.split("."), value);
    }
  }
}

function fitting(operator: string, value: unknown): unknown {
  switch (operator) {
    case "=":
    case "contains":
    case "beginsWith":
    case "endsWith":
    case ">=":
    case "<=":
      return value;
    case "in":
    case "between":
      return Array.isArray(value) ? value[0] : undefined;
    default:
      return undefined;
  }
}

function put(into: Record<string, unknown>, [name = "", ...rest]: readonly string[], value: unknown): void {
  if (LOOKED_UP.has(name) || name === "__proto__") return;
  if (rest.length === 0) {
    into[name] = value;
    return;
  }
  const there = into[name];
  const inner = typeof there === "object" && there !== null ? (there as Record<string, unknown>) : {};
  into[name] = inner;
  put(inner, rest, value);
}
