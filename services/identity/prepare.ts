import { type Identification, type Identify, identify } from "#domain/identity/decide.ts";
import type { People } from "#domain/identity/people.ts";
import type { Details, DetailsById, Questions } from "#domain/identity/question.ts";
import { personKey, QUESTION_CONTEXT } from "#domain/seal-contexts.ts";
import { deterministicUuid } from "#platform/ids.ts";
import type { Vault } from "#platform/vault/vault.ts";

/** A question, with all that could be done for it before its turn. */
export interface Prepared {
  readonly asked: Identify;
  /** As they came; undefined where their key is destroyed. */
  readonly details: Details | undefined;
}

/**
 * Opens the details and makes the keys that would be needed if it were decided now: all this while the questions before are still
 * being stored. Nothing is decided here. See docs/decisions/0056.
 */
export async function prepare(
  { about, details }: Questions,
  people: People | undefined,
  vault: Vault,
): Promise<Prepared[]> {
  const opened = await vault.openMany(details.map((sealed) => ({ sealed, context: QUESTION_CONTEXT })));
  const byId = new Map(
    opened.flatMap((one) => (one === undefined ? [] : Object.entries(one as DetailsById))),
  );
  const prepared = about.map(({ submission_id, traits }): Prepared => {
    const record_id = deterministicUuid("person", submission_id);
    return { asked: { submission_id, record_id, traits }, details: byId.get(submission_id) };
  });
  if (people !== undefined) {
    await vault.ensureKeys(keysFor(prepared.flatMap(({ asked }) => identify(asked, people).drafts)));
  }
  return prepared;
}

/** Under whose keys these are to be sealed. */
export function keysFor(drafts: Identification["drafts"]): string[] {
  return drafts.flatMap((one) => (one.type === "PersonsMerged" ? [] : personKey(one.data.person_id)));
}
