import { randomUUID } from "node:crypto";
import { type Bus, BusError } from "#platform/bus/bus.ts";
import { REQUEST_ID } from "#platform/bus/requests.ts";
import { backoffMs } from "#platform/retry.ts";

// A request to a writer that may be dead, asleep, slow or just taking over: made again and again until one of them is answered.

export interface RepeatedRequest {
  /** Throws when nobody answered for long, or the signal is given. */
  answerTo(request: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
}

export interface RepeatedRequestOptions {
  readonly bus: Bus;
  readonly subject: string;
  /** Where one who begins to answer says so. */
  readonly newWriterSubject: string;
}

/** Who begins to answer says so; this is for who did not hear it. One that is slow knows that it is the same request. */
const ASK_AGAIN_MS = 1_000;
/** A writer is back within a lease's life, so waiting here is shorter than starting again. */
const MAX_WAIT_MS = 8_000;
/** For one that listens and is slow: what it is asked anew it only has to do once more. */
const MAX_WORK_MS = 30_000;
/** Where nobody listens, or only one who is not the writer any more. */
const BACKOFF = { baseMs: 50, maxMs: 400 };

export function repeatedRequest({ bus, subject, newWriterSubject }: RepeatedRequestOptions): RepeatedRequest {
  /** One for each request that waits for an answer. */
  const waiting = new Set<() => void>();
  bus.listen(newWriterSubject, () => {
    for (const askAgain of waiting) askAgain();
  });

  return {
    async answerTo(request, signal) {
      const began = performance.now();
      const headers = { [REQUEST_ID]: randomUUID() };
      let answer: Uint8Array | undefined;
      let failure: unknown;
      let goOn = (): void => undefined;
      const wake = (): void => goOn();

      async function ask(tries: number): Promise<void> {
        try {
          const reply = await bus.request(subject, request, MAX_WORK_MS, headers);
          if (reply.byteLength > 0) {
            // The first that is answered counts: an answer that only came late is not lost.
            answer = reply;
            wake();
            return;
          }
          failure = new BusError("refused", `${subject} was asked of one who may not answer it now`);
        } catch (error) {
          failure = error;
        }
        setTimeout(wake, backoffMs(tries, BACKOFF));
      }

      waiting.add(wake);
      try {
        for (let tries = 0; ; tries += 1) {
          const again = Promise.withResolvers<void>();
          goOn = again.resolve;
          const timer = setTimeout(goOn, ASK_AGAIN_MS);
          void ask(tries);
          await again.promise;
          clearTimeout(timer);
          if (answer !== undefined) return answer;
          const waited = performance.now() - began;
          if (signal.aborted || waited > (failure === undefined ? MAX_WORK_MS : MAX_WAIT_MS))
            throw (
              failure ?? new BusError("timeout", `${subject} was not answered in ${Math.round(waited)} ms`)
            );
        }
      } finally {
        waiting.delete(wake);
      }
    },
  };
}
