// How large events are in the log, for writers that keep an append below what a store takes.
import type { NewEvent } from "./event-store/stored-event.ts";

export interface Encoded {
  readonly events: readonly NewEvent[];
  readonly bytes: number;
}

/** Roughly: what is sealed is nearly all of an event, and plain ASCII. */
export function measure(events: readonly NewEvent[]): Encoded {
  return { events, bytes: events.reduce((sum, { data }) => sum + 600 + charactersIn(data), 0) };
}

function charactersIn(value: unknown): number {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null) return 8;
  let sum = 0;
  for (const name of Object.keys(value)) {
    sum += name.length + charactersIn((value as Readonly<Record<string, unknown>>)[name]);
  }
  return sum;
}
