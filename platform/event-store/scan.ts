// Reads the log once, from one place to another, and of it only events of some types: what looks at the whole history need not be sent
// the rest of it.
import type { Log } from "../log.ts";
import { backoffMs, pause } from "../retry.ts";
import type { Calls } from "./calls.ts";
import { catchUp } from "./catch-up.ts";
import type { StoredEvent } from "./stored-event.ts";

export interface ScanOptions {
  /** The names of types begin with one of these. */
  readonly types: readonly string[];
  /** Exclusive; 0n for the start. */
  readonly from: bigint;
  /** Inclusive, and not after the end of the log. */
  readonly to: bigint;
  readonly signal: AbortSignal;
}

export interface Scanned {
  readonly events: readonly StoredEvent[];
  /** How far the log is read. */
  readonly position: bigint;
}

const BACKOFF = { baseMs: 50, maxMs: 3_000 };
const BATCH = 1_000;
const BOUNDS = { maxEvents: 2 * BATCH, maxBytes: 8 * 1024 * 1024 };

/** Begins again where it broke off; ends when it is through, or when the signal is given. */
export async function* scanLog(
  calls: Calls,
  log: Log,
  { types, from, to, signal }: ScanOptions,
): AsyncGenerator<Scanned> {
  let position = from;
  let failures = 0;
  while (position < to && !signal.aborted) {
    const { feed, close } = catchUp(calls, { types }, position, BOUNDS);
    try {
      while (position < to && (await feed.arrival(signal))) {
        const { events, position: reached = position, caughtUp } = feed.take(BATCH);
        failures = 0;
        position = caughtUp || reached > to ? to : reached;
        yield { events: events.filter((one) => one.position <= to), position };
      }
    } catch (error) {
      log.warn({ err: error, position }, "scan of the log broke off and begins again");
      await pause(backoffMs(failures++, BACKOFF), signal);
    } finally {
      close();
    }
  }
}
