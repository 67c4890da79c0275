import type { Traits } from "#domain/identity/events.ts";
import { type Answer, Answers, type Details, type Questions } from "#domain/identity/question.ts";
import type { SubmissionId } from "#domain/ids.ts";
import { QUESTION_CONTEXT } from "#domain/seal-contexts.ts";
import { type Bus, BusError } from "#platform/bus/bus.ts";
import { IDENTIFY_SUBJECT, NEW_IDENTITY_WRITER_SUBJECT } from "#platform/bus/subjects.ts";
import type { Sealed, Vault } from "#platform/vault/vault.ts";
import { repeatedRequest } from "./repeated-request.ts";

/** Who is this, of whom is only known what a submission says? */
export interface Question {
  readonly submission_id: SubmissionId;
  readonly traits: Traits;
  readonly details: Details;
  /** The submission's payload came under it, and the details go under it: they live no longer than the payload. */
  readonly key: string;
}

/** The answers in the order of the questions. */
export type AskIdentity = (questions: readonly Question[], signal: AbortSignal) => Promise<Answer[]>;

/** Half of what a message may hold. */
const MAX_REQUEST_BYTES = 512 * 1024;

export function askIdentity(bus: Bus, vault: Vault): AskIdentity {
  const { answerTo } = repeatedRequest({
    bus,
    subject: IDENTIFY_SUBJECT,
    newWriterSubject: NEW_IDENTITY_WRITER_SUBJECT,
  });

  async function ask(asked: readonly Question[], signal: AbortSignal): Promise<Answer[]> {
    const questions: Questions = {
      about: asked.map(({ submission_id, traits }) => ({ submission_id, traits })),
      details: await sealDetails(asked, vault),
    };
    const request = Buffer.from(JSON.stringify(questions));
    if (request.byteLength > MAX_REQUEST_BYTES && asked.length > 1) {
      const half = Math.ceil(asked.length / 2);
      const first = await ask(asked.slice(0, half), signal);
      return [...first, ...(await ask(asked.slice(half), signal))];
    }
    const answers = Answers.parse(JSON.parse(Buffer.from(await answerTo(request, signal)).toString("utf8")));
    if (answers.length !== asked.length)
      throw new BusError("refused", `identity answered ${answers.length} of ${asked.length} questions`);
    return answers;
  }
  return async (questions, signal) => (questions.length === 0 ? [] : ask(questions, signal));
}

/** One part for each key, and nearly always there is one key: that of the day. See docs/decisions/0057. */
async function sealDetails(questions: readonly Question[], vault: Vault): Promise<Sealed[]> {
  const sameKey = Map.groupBy(questions, ({ key }) => key);
  return Promise.all(
    Array.from(sameKey, ([key, these]) => {
      const byId = Object.fromEntries(these.map(({ submission_id, details }) => [submission_id, details]));
      return vault.seal(key, byId, QUESTION_CONTEXT);
    }),
  );
}
