import {
  type Answer,
  Answers,
  IDENTIFY_SUBJECT,
  NEW_WRITER_SUBJECT,
  type Question,
} from "#domain/identity/question.ts";
import type { Bus } from "#platform/bus/bus.ts";
import { repeatedRequest } from "./repeated-request.ts";

export type AskIdentity = (questions: readonly Question[], signal: AbortSignal) => Promise<Answer[]>;

/** Half of what a message may hold. */
const LARGEST_REQUEST = 512 * 1024;

export function askIdentity(bus: Bus): AskIdentity {
  const { answerTo } = repeatedRequest({ bus, subject: IDENTIFY_SUBJECT, newcomers: NEW_WRITER_SUBJECT });

  async function ask(questions: readonly Question[], signal: AbortSignal): Promise<Answer[]> {
    const request = Buffer.from(JSON.stringify(questions));
    if (request.byteLength > LARGEST_REQUEST && questions.length > 1) {
      const half = Math.ceil(questions.length / 2);
      const first = await ask(questions.slice(0, half), signal);
      return [...first, ...(await ask(questions.slice(half), signal))];
    }
    const answer = await answerTo(request, signal);
    return Answers.parse(JSON.parse(Buffer.from(answer).toString("utf8")));
  }
  return async (questions, signal) => (questions.length === 0 ? [] : ask(questions, signal));
}
