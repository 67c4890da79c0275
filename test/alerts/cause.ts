import { randomUUID } from "node:crypto";
import type { WatchedYard } from "../../deploy/prometheus/fixtures/watched-yard.ts";

export interface Cause {
  /** Those that it makes fire. */
  readonly alerts: readonly string[];
  /** In words, for who watches. */
  readonly what: string;
  /** Goes on until the signal ends it, then puts right what it broke. */
  bring(yard: WatchedYard, isOver: AbortSignal): Promise<void>;
}

/** Of a person of its own. */
export function lead(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const name = randomUUID();
  return { email: `${name}@example.com`, full_name: name, ...fields };
}

export async function submitMany(
  { client }: WatchedYard,
  count: number,
  fields: Readonly<Record<string, unknown>>,
): Promise<void> {
  await Promise.all(Array.from({ length: count }, () => client.submitUntilAccepted(lead(fields))));
}

export function whenOver(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  signal.addEventListener("abort", () => resolve(), { once: true });
  return promise;
}
