// Asking the store again while it can't be reached, until a deadline.
import { backoffMs, pause } from "../retry.ts";
import { EventStoreUnavailable, mayPass } from "./errors.ts";

export interface Patience {
  readonly deadlineMs: number;
  /** Ends the tries. */
  readonly signal: AbortSignal;
}

const BACKOFF = { baseMs: 25, maxMs: 1000 };

/** `ask` is told how much time is left. */
export async function untilAnswered<T>(
  what: string,
  ask: (remainingMs: number) => Promise<T>,
  { deadlineMs, signal }: Patience,
): Promise<T> {
  const deadline = performance.now() + deadlineMs;
  const remaining = (): number => deadline - performance.now();
  let failure: unknown;
  for (let tries = 0; remaining() > 0 && !signal.aborted; tries++) {
    try {
      return await ask(remaining());
    } catch (error) {
      if (!mayPass(error)) throw error;
      failure = error;
    }
    await pause(Math.min(backoffMs(tries, BACKOFF), Math.max(0, remaining())), signal);
  }
  throw new EventStoreUnavailable(`${what} was not answered in time`, { cause: failure });
}
