// A step of a start that waits for what it stands on, as the process does once it runs: NATS, the event store or PostgreSQL may go away
// at any moment, also at this one. Whatever else is wrong ends the start. See docs/decisions/0148.
import { BusError, type BusFailure } from "./bus/bus-error.ts";
import { isDatabaseAway } from "./database.ts";
import { EventStoreUnavailable, NoAnswer } from "./event-store/errors.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Log } from "./log.ts";
import { retryUntil } from "./retry.ts";

export interface StartStepParts {
  readonly lifecycle: Pick<Lifecycle, "stopping">;
  readonly log: Log;
}

const BACKOFF = { baseMs: 100, maxMs: 2_000 };
const AWAY: ReadonlySet<BusFailure> = new Set<BusFailure>(["timeout", "disconnected", "no_responders"]);

const isAway = (error: unknown): boolean =>
  error instanceof EventStoreUnavailable ||
  error instanceof NoAnswer ||
  (error instanceof BusError && AWAY.has(error.reason)) ||
  isDatabaseAway(error);

/** `work` may be begun again after it has failed halfway. */
export async function startStep<T>(
  { lifecycle, log }: StartStepParts,
  step: string,
  work: () => Promise<T>,
): Promise<T> {
  const done = await retryUntil(async () => ({ result: await work() }), {
    backoff: BACKOFF,
    signal: lifecycle.stopping,
    onFailure(error) {
      if (!isAway(error)) throw error;
      log.warn({ err: error, step }, "start waits for what it stands on");
    },
  });
  if (done === undefined) throw new Error(`stopped before the step "${step}" of the start was done`);
  return done.result;
}
