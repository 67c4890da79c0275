import { accept, type Decision, refuse } from "../decider.ts";

import { AliasId, PersonId, type SubmissionId } from "../ids.ts";
import type { Draft } from "./draft.ts";
import type { Traits } from "./events.ts";
import type { People } from "./people.ts";

/** "Who is this?", asked on behalf of one submission. */
export interface Identify {
  readonly submission_id: SubmissionId;
  /** Derived from the submission: becomes the person's id, or the alias's, if the record is new. */
  readonly record_id: string;
  readonly traits: Traits;
}

export interface Identification {
  readonly person_id: PersonId;
  /** The record of that person which has exactly these traits, where it is not the first. */
  readonly alias_id?: AliasId;
  readonly match: "new" | "same" | "alias" | "merged";
  /** What is to be recorded; nothing where the record says nothing new. */
  readonly drafts: readonly Found[];
}

type Found = Extract<Draft, { type: "PersonRegistered" | "AliasRecorded" | "PersonsMerged" }>;

/**
 * Two of three traits equal, whatever the third: the same person. Asking again for the same submission gives the same answer
 * and records nothing.
 */
export function identify({ submission_id, record_id, traits }: Identify, people: People): Identification {
  const repeated = people.find(record_id);
  if (repeated !== undefined) return recordedBefore(repeated, people);
  const { people: candidates, known } = people.match(traits);
  const [oldest, ...others] = candidates;
  if (oldest === undefined) {
    const person_id = PersonId.parse(record_id);
    const registered: Found = { type: "PersonRegistered", data: { person_id, submission_id, traits } };
    return { person_id, match: "new", drafts: [registered] };
  }
  if (known !== undefined) return { ...knownAs(known, people), drafts: [] };
  const into = PersonId.parse(people.idOf(oldest));
  const alias_id = AliasId.parse(record_id);
  // Whom an operator has told apart stays apart, whatever records say.
  const younger = others.filter((one) => !people.households.areApart(oldest, one));
  const merges = younger.map(
    (one): Found => ({
      type: "PersonsMerged",
      data: { into, from: PersonId.parse(people.idOf(one)), submission_id },
    }),
  );
  const differs = people.differing(oldest, traits);
  const recorded: Found = {
    type: "AliasRecorded",
    data: { person_id: into, submission_id, traits, alias_id, differs },
  };
  return {
    person_id: into,
    alias_id,
    match: merges.length > 0 ? "merged" : "alias",
    drafts: [...merges, recorded],
  };
}

function recordedBefore(record: number, people: People): Identification {
  const answer = knownAs(record, people);
  return { ...answer, match: answer.match === "same" ? "new" : answer.match, drafts: [] };
}

function knownAs(record: number, people: People): Omit<Identification, "drafts"> {
  const person = people.personOf(record);
  const person_id = PersonId.parse(people.idOf(person));
  if (person === record) return { person_id, match: "same" };
  return { person_id, alias_id: AliasId.parse(people.idOf(record)), match: "alias" };
}

export type Refusal = "unknown_person" | "forgotten" | "nothing_to_split";

/**
 * Takes back a merge. Named by the one who was merged away, that one is split off; named by the one who stayed, the last who
 * came.
 */
export function split(id: PersonId, people: People): Decision<Draft, Refusal> {
  const record = people.find(id);
  if (record === undefined) return refuse("unknown_person");
  if (people.isForgotten(record)) return refuse("forgotten");
  const person = people.personOf(record);
  const into = people.columns.parents[record] as number;
  const isMerged = person !== record && people.columns.owners[record] === record;
  const from = isMerged ? record : people.households.lastMergedInto(person);
  if (from === undefined) return refuse("nothing_to_split");
  const told = { into: people.idOf(isMerged ? into : person), from: people.idOf(from) };
  return accept({
    type: "PersonsSplit",
    data: { into: PersonId.parse(told.into), from: PersonId.parse(told.from) },
  });
}

/** Forgets a person with all who were merged into them. */
export function forget(
  { person_id, raw_readable_until }: { readonly person_id: PersonId; readonly raw_readable_until: string },
  people: People,
): Decision<Draft, Refusal> {
  const record = people.find(person_id);
  if (record === undefined) return refuse("unknown_person");
  if (people.isForgotten(record)) return refuse("forgotten");
  const person = people.personOf(record);
  const persons = people.households.of(person).map((one) => PersonId.parse(people.idOf(one)));
  return accept({
    type: "PersonForgotten",
    data: { person_id: PersonId.parse(people.idOf(person)), persons, raw_readable_until },
  });
}
