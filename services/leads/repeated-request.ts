import { type Bus, BusError } from "#platform/bus/bus.ts";
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

/** Who begins to answer says so; this is for who did not hear it, and seldom enough not to bury one that is slow. */
const ASK_AGAIN_MS = 1_000;
/** A writer is back within a lease's life, so waiting here is shorter than starting again. */
const MAX_WAIT_MS = 8_000;
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
      const deadline = performance.now() + MAX_WAIT_MS;
      let answer: Uint8Array | undefined;
      let failure: unknown = new BusError("timeout", `${subject} was not answered`);
      let goOn = (): void => undefined;
      const wake = (): void => goOn();

      async function ask(tries: number): Promise<void> {
        try {
          const reply = await bus.request(subject, request, MAX_WAIT_MS);
          // Empty: from a former writer, or from one that stored nothing.
          if (reply.byteLength > 0) {
            // The first that is answered counts: an answer that only came late is not lost.
            answer = reply;
            wake();
            return;
          }
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
          if (signal.aborted || performance.now() > deadline) throw failure;
        }
      } finally {
        waiting.delete(wake);
      }
    },
  };
}
