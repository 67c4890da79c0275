// One append, repeated until the store confirms it, refuses it, or the deadline passes.
import { type EventStoreDBClient, jsonEvent, WrongExpectedVersionError } from "@eventstore/db-client";
import { NoAnswer, WrongExpectedRevision } from "./errors.ts";
import { type Patience, untilAnswered } from "./patience.ts";
import type { NewEvent } from "./stored-event.ts";

export type ExpectedRevision = bigint | "no_stream" | "any";

export interface Appended {
  readonly revision: bigint;
  readonly position: bigint;
}

/** The store may leave out the position of an append that it had seen before. */
export type Confirmed = Omit<Appended, "position"> & { readonly position: bigint | undefined };

/** Broken connections report themselves; this is for the rare append that the client lost. Sooner would add load to a slow store. */
const LONGEST_ATTEMPT_MS = 10_000;

async function attempt(
  client: EventStoreDBClient,
  stream: string,
  expectedRevision: ExpectedRevision,
  events: ReturnType<typeof jsonEvent>[],
  timeoutMs: number,
): Promise<Confirmed> {
  const silence = Promise.withResolvers<never>();
  const timer = setTimeout(() => silence.reject(new NoAnswer(`no answer in ${timeoutMs} ms`)), timeoutMs);
  try {
    const appending = client.appendToStream(stream, events, { expectedRevision, deadline: timeoutMs });
    const { nextExpectedRevision, position } = await Promise.race([appending, silence.promise]);
    return { revision: nextExpectedRevision, position: position?.commit };
  } catch (error) {
    if (!(error instanceof WrongExpectedVersionError)) throw error;
    const { actualVersion } = error;
    throw new WrongExpectedRevision(stream, typeof actualVersion === "bigint" ? actualVersion : "no_stream");
  } finally {
    clearTimeout(timer);
  }
}

/** The exact revision and the same ids make the store answer a repeated append as it did the first time. */
export function appendUntilConfirmed(
  client: EventStoreDBClient,
  stream: string,
  expected: ExpectedRevision,
  events: readonly NewEvent[],
  patience: Patience,
): Promise<Confirmed> {
  const proposed = events.map(({ id, type, data, metadata }) =>
    jsonEvent({ id, type, data: data as Record<string, unknown>, metadata: { ...metadata } }),
  );
  return untilAnswered(
    `an append to ${stream}`,
    (remainingMs) => attempt(client, stream, expected, proposed, Math.min(LONGEST_ATTEMPT_MS, remainingMs)),
    patience,
  );
}
