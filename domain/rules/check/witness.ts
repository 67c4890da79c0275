import { type Facts, valueAt } from "../evaluate.ts";
import type { Box } from "./box.ts";
import type { Space } from "./space.ts";

// A submission that lies in a box.

/** The first value of each field that the box allows. */
export function factsIn(box: Box, { fields, values, everything, cellOf }: Space): Facts {
  const facts: Record<string, unknown> = {};
  for (const [f, field] of fields.entries()) {
    const cells = box[f] as Uint32Array;
    // What does not matter is left out, where a missing field is among what does not matter.
    const cell = firstCell(cells);
    const value =
      cells === everything[f] && valueless(values[f] as unknown[]) ? undefined : values[f]?.[cell];
    const isLeftOut = isObject(value) && cell === cellOf(f, undefined);
    if (value !== undefined && !isLeftOut) put(facts, field.split("."), value);
  }
  return facts;
}

/** By field, where what lies within another comes after it. */
export function factsWith(values: ReadonlyMap<string, unknown>): Facts {
  const facts: Record<string, unknown> = {};
  for (const [field, value] of values) if (value !== undefined) put(facts, field.split("."), value);
  return facts;
}

const isObject = (value: unknown): boolean =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const valueless = (values: readonly unknown[]): boolean => values.includes(undefined);

function firstCell(cells: Uint32Array): number {
  const word = cells.findIndex((one) => one !== 0);
  const bits = cells[word] as number;
  return word * 32 + 31 - Math.clz32(bits & -bits);
}

function put(facts: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [name, ...rest] = path as [string, ...string[]];
  if (rest.length === 0) {
    Object.defineProperty(facts, name, { value, enumerable: true, writable: true, configurable: true });
    return;
  }
  const inner = valueAt(facts, name);
  const next = isObject(inner) ? (inner as Record<string, unknown>) : {};
  put(next, rest, value);
  put(facts, [name], next);
}
