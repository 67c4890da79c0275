// How long a request waits for an event store that does not reply.
import { EventStoreUnavailable } from "#platform/event-store/errors.ts";

export const APPEND_DEADLINE_MS = 2_500;
/** Producers are promised a response within five seconds. */
const RESPONSE_DEADLINE_MS = 4_500;

export function withinDeadline<T>(work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new EventStoreUnavailable(`no reply within ${RESPONSE_DEADLINE_MS} ms`)),
      RESPONSE_DEADLINE_MS,
    );
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
