import { identify } from "#domain/identity/decide.ts";
import type { People } from "#domain/identity/people.ts";
import type { DetailsById, Questions } from "#domain/identity/question.ts";
import { QUESTION_CONTEXT } from "#domain/seal-contexts.ts";
import { deterministicUuid } from "#platform/ids.ts";
import { SealDamaged, type Vault } from "#platform/vault/vault.ts";
import { keysFor, type Question } from "./stored-events.ts";

/**
 * Opens the details and makes the keys that would be needed if it were decided now: all this while the questions before are still
 * being stored. Nothing is decided here. Undefined for a question whose details can't be opened any more. See docs/decisions/0056.
 */
export async function prepare(
  { about, details }: Questions,
  people: People,
  vault: Vault,
): Promise<(Question | undefined)[]> {
  const opened = await vault.openMany(details.map((sealed) => ({ sealed, context: QUESTION_CONTEXT })));
  // A part of a request comes from one asker, who made all of it: it is refused as a whole.
  for (const one of opened) if (one instanceof SealDamaged) throw one;
  const detailsById: DetailsById = Object.assign({}, ...opened);
  const questions = about.map(({ submission_id, traits }): Question | undefined => {
    const detailsOfOne = detailsById[submission_id];
    const record_id = deterministicUuid("person", submission_id);
    return detailsOfOne && { type: "identify", submission_id, record_id, traits, details: detailsOfOne };
  });
  await vault.ensureKeys(
    questions.flatMap((question) => (question ? keysFor(identify(question, people).events) : [])),
  );
  return questions;
}
