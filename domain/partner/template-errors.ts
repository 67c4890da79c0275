import { type ConfigError, check } from "./config-error.ts";
import { templateError } from "./template.ts";

// What is wrong with a mapping of templates, or with a text that is one.

const MAX_TEMPLATE = 65_536;
const MAX_DEPTH = 20;

/** Undefined is no template, and nothing is wrong with that. */
export function templateErrors(path: string, template: unknown): ConfigError[] {
  if (template === undefined) return [];
  const length = typeof template === "string" ? template.length : JSON.stringify(template).length;
  return [
    ...placeErrors(path, template, 1),
    ...check(path, length > MAX_TEMPLATE, `has more than ${MAX_TEMPLATE} characters`),
  ];
}

function placeErrors(path: string, value: unknown, depth: number): ConfigError[] {
  if (typeof value === "string") {
    const message = templateError(value);
    return message === undefined ? [] : [{ path, message }];
  }
  if (typeof value !== "object" || value === null) return [];
  if (depth > MAX_DEPTH) return [{ path, message: `is nested more than ${MAX_DEPTH} levels deep` }];
  return Object.entries(value).flatMap(([name, one]) => placeErrors(`${path}.${name}`, one, depth + 1));
}
