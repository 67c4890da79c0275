// One append, repeated until the store confirms it, refuses it, or the deadline passes.
import { WrongExpectedVersionError } from "@eventstore/db-client";
import type { Confirmed, ExpectedRevision } from "./append-wire.ts";
import type { Appender } from "./appender.ts";
import { WrongExpectedRevision } from "./errors.ts";
import { type Patience, untilAnswered } from "./patience.ts";
import type { NewEvent } from "./stored-event.ts";

export interface Appended {
  readonly revision: bigint;
  readonly position: bigint;
}

/** Broken connections report themselves; this is for the rare append that got lost. Sooner would add load to a slow store. */
const LONGEST_ATTEMPT_MS = 10_000;

/** The exact revision and the same ids make the store answer a repeated append as it did the first time. */
export async function appendUntilConfirmed(
  appender: Appender,
  stream: string,
  expected: ExpectedRevision,
  events: readonly NewEvent[],
  patience: Patience,
): Promise<Confirmed> {
  try {
    return await untilAnswered(
      `an append to ${stream}`,
      (remainingMs) =>
        appender.append({ stream, expected, events }, Math.min(LONGEST_ATTEMPT_MS, remainingMs)),
      patience,
    );
  } catch (error) {
    if (!(error instanceof WrongExpectedVersionError)) throw error;
    const { actualVersion } = error;
    throw new WrongExpectedRevision(stream, typeof actualVersion === "bigint" ? actualVersion : "no_stream");
  }
}
