import { type Identification, identify } from "#domain/identity/decide.ts";
import type { IdentityEvent } from "#domain/identity/events.ts";
import type { People } from "#domain/identity/people.ts";
import type { Answer, Details } from "#domain/identity/question.ts";
import type { PersonId } from "#domain/ids.ts";
import { personContext, personKey } from "#domain/seal-contexts.ts";
import type { NewEvent } from "#platform/event-store/stored-event.ts";
import { deterministicUuid } from "#platform/ids.ts";
import type { Sealed, Vault } from "#platform/vault/vault.ts";
import { keysFor, type Prepared } from "./prepare.ts";
import { codec } from "./stored.ts";

export interface Answered {
  readonly answers: Answer[];
  /** To be stored before anybody is told. */
  readonly events: NewEvent[];
}

type Found = Identification["drafts"][number];

type Recorded = Extract<IdentityEvent, { type: Found["type"] }>;

interface Undetailed {
  readonly draft: Found;
  readonly details: Details;
}

/** Decides all in the order in which they were asked, each knowing the ones before it. */
export async function answerAll(
  questions: readonly Prepared[],
  people: People,
  vault: Vault,
): Promise<Answered> {
  const drafts: Undetailed[] = [];
  const answers = questions.map(({ asked, details }): Answer => {
    if (details === undefined) return { refused: "its details can't be opened" };
    const { drafts: decided, ...answer } = identify(asked, people);
    for (const draft of decided) {
      people.apply(draft);
      drafts.push({ draft, details });
    }
    return answer;
  });
  // Nearly always made while they were prepared.
  await vault.ensureKeys(keysFor(drafts.map(({ draft }) => draft)));
  const events = await Promise.all(drafts.map((one) => encode(one, vault)));
  return { answers, events };
}

async function encode({ draft, details }: Undetailed, vault: Vault): Promise<NewEvent> {
  const event = await sealed(draft, details, vault);
  const { submission_id } = event.data;
  const because = event.type === "PersonsMerged" ? [event.data.from, event.data.into] : [];
  return codec.encode(event, {
    id: deterministicUuid("identity", submission_id, event.type, ...because),
    at: new Date().toISOString(),
    correlation: submission_id,
  });
}

async function sealed(draft: Found, details: Details, vault: Vault): Promise<Recorded> {
  const seal = async (id: PersonId): Promise<Sealed> =>
    vault.sealCached(personKey(id), details, personContext(id)) ??
    vault.seal(personKey(id), details, personContext(id));
  switch (draft.type) {
    case "PersonRegistered":
      return { type: draft.type, data: { ...draft.data, sealed: await seal(draft.data.person_id) } };
    case "AliasRecorded":
      return { type: draft.type, data: { ...draft.data, sealed: await seal(draft.data.person_id) } };
    case "PersonsMerged":
      return draft;
  }
}
