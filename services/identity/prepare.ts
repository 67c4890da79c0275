import { identify } from "#domain/identity/decide.ts";
import type { People } from "#domain/identity/people.ts";
import type { DetailsById, Questions } from "#domain/identity/question.ts";
import { QUESTION_CONTEXT } from "#domain/seal-contexts.ts";
import { deterministicUuid } from "#platform/ids.ts";
import { SealDamaged, type Vault } from "#platform/vault/vault.ts";
import { keysFor, type Question } from "./stored-events.ts";

/** What is to be written for one question, or why nothing can be, however often it is asked. */
export type Prepared = Question | { readonly refused: string };

/**
 * Opens the details and makes the keys that would be needed if it were decided now: all this while the questions before are still
 * being stored. Nothing is decided here. What can't be opened or sealed is refused here, by itself: once decided, all that is decided
 * with it would fall with it. See docs/decisions/0056 and 0189.
 */
export async function prepare(
  { about, details }: Questions,
  people: People,
  vault: Vault,
): Promise<Prepared[]> {
  const opened = await vault.openMany(details.map((sealed) => ({ sealed, context: QUESTION_CONTEXT })));
  const detailsById: DetailsById = Object.assign(
    {},
    ...opened.filter((one) => !(one instanceof SealDamaged)),
  );
  const questions = about.map(({ submission_id, traits }): Prepared => {
    const detailsOfOne = detailsById[submission_id];
    if (detailsOfOne === undefined) return { refused: "its details can't be opened" };
    const record_id = deterministicUuid("person", submission_id);
    return { type: "identify", submission_id, record_id, traits, details: detailsOfOne };
  });
  const keys = questions.map((one) => ("refused" in one ? [] : keysFor(identify(one, people).events)));
  const damaged = await vault.ensureKeys(keys.flat());
  if (damaged.length === 0) return questions;
  return questions.map((one, n) =>
    keys[n]?.some((key) => damaged.includes(key)) ? { refused: "the key of its person is damaged" } : one,
  );
}
