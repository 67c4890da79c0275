// How long anybody is left waiting by an event store that does not answer.
import { EventStoreUnavailable } from "#platform/event-store/errors.ts";

export const APPEND_DEADLINE_MS = 3_000;
/** Whoever submits is promised an answer within five seconds. */
const ANSWER_DEADLINE_MS = 4_500;

export function inTime<T>(work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new EventStoreUnavailable("no answer in time")),
      ANSWER_DEADLINE_MS,
    );
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
