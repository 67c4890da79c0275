import { type Answer, Answers, IDENTIFY_SUBJECT, type Question } from "#domain/identity/question.ts";
import { type Bus, BusError } from "#platform/bus/bus.ts";
import { backoffMs, pause } from "#platform/retry.ts";

export type AskIdentity = (questions: readonly Question[], signal: AbortSignal) => Promise<Answer[]>;

/** Short at first: a writer that was stopped takes questions and answers none, and its successor never sees them. */
const FIRST_TIMEOUT_MS = 400;
const LONGEST_TIMEOUT_MS = 5_000;
/** The writer is being handed over: it is back within a lease's life, so waiting here is shorter than starting again. */
const PATIENCE_MS = 8_000;
const BACKOFF = { baseMs: 50, maxMs: 400 };
/** Half of what a message may hold. */
const LARGEST_REQUEST = 512 * 1024;

export function askIdentity(bus: Bus): AskIdentity {
  async function ask(questions: readonly Question[], signal: AbortSignal): Promise<Answer[]> {
    const request = Buffer.from(JSON.stringify(questions));
    if (request.byteLength > LARGEST_REQUEST && questions.length > 1) {
      const half = Math.ceil(questions.length / 2);
      const first = await ask(questions.slice(0, half), signal);
      return [...first, ...(await ask(questions.slice(half), signal))];
    }
    const deadline = performance.now() + PATIENCE_MS;
    for (let tries = 0; ; tries += 1) {
      try {
        const timeout = Math.min(LONGEST_TIMEOUT_MS, FIRST_TIMEOUT_MS * 2 ** tries);
        const answer = await bus.request(IDENTIFY_SUBJECT, request, timeout);
        // The former writer, still listening.
        if (answer.byteLength === 0) throw new BusError("refused", "identity is being handed over");
        return Answers.parse(JSON.parse(Buffer.from(answer).toString("utf8")));
      } catch (error) {
        if (!(error instanceof BusError) || signal.aborted || performance.now() > deadline) throw error;
      }
      await pause(backoffMs(tries, BACKOFF), signal);
    }
  }
  return async (questions, signal) => (questions.length === 0 ? [] : ask(questions, signal));
}
