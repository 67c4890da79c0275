import type { Traits } from "#domain/identity/events.ts";
import { type Answer, Answers, type Details, type Questions } from "#domain/identity/question.ts";
import type { SubmissionId } from "#domain/ids.ts";
import { QUESTION_CONTEXT } from "#domain/seal-contexts.ts";
import type { Bus } from "#platform/bus/bus.ts";
import { IDENTIFY_SUBJECT, NEW_IDENTITY_WRITER_SUBJECT } from "#platform/bus/subjects.ts";
import type { Sealed, Vault } from "#platform/vault/vault.ts";
import { repeatedRequest } from "./repeated-request.ts";

/** Somebody of whom is only known what a submission says. */
export interface Stranger {
  readonly submission_id: SubmissionId;
  readonly traits: Traits;
  readonly details: Details;
  /** The submission's payload came under it, and the details go under it: they live no longer than the payload. */
  readonly key: string;
}

/** Who these are, in the order given. */
export type AskIdentity = (strangers: readonly Stranger[], signal: AbortSignal) => Promise<Answer[]>;

/** Half of what a message may hold. */
const LARGEST_REQUEST = 512 * 1024;

export function askIdentity(bus: Bus, vault: Vault): AskIdentity {
  const { answerTo } = repeatedRequest({
    bus,
    subject: IDENTIFY_SUBJECT,
    newcomers: NEW_IDENTITY_WRITER_SUBJECT,
  });

  async function ask(strangers: readonly Stranger[], signal: AbortSignal): Promise<Answer[]> {
    const questions: Questions = {
      about: strangers.map(({ submission_id, traits }) => ({ submission_id, traits })),
      details: await sealDetails(strangers, vault),
    };
    const request = Buffer.from(JSON.stringify(questions));
    if (request.byteLength > LARGEST_REQUEST && strangers.length > 1) {
      const half = Math.ceil(strangers.length / 2);
      const first = await ask(strangers.slice(0, half), signal);
      return [...first, ...(await ask(strangers.slice(half), signal))];
    }
    const answer = await answerTo(request, signal);
    return Answers.parse(JSON.parse(Buffer.from(answer).toString("utf8")));
  }
  return async (strangers, signal) => (strangers.length === 0 ? [] : ask(strangers, signal));
}

/** One part for each key, and nearly always there is one key: that of the day. See docs/decisions/0057. */
async function sealDetails(strangers: readonly Stranger[], vault: Vault): Promise<Sealed[]> {
  const sameKey = Map.groupBy(strangers, ({ key }) => key);
  return Promise.all(
    Array.from(sameKey, ([key, these]) => {
      const byId = Object.fromEntries(these.map(({ submission_id, details }) => [submission_id, details]));
      return vault.seal(key, byId, QUESTION_CONTEXT);
    }),
  );
}
