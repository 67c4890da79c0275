import { type Accepted, accept, type Decider, type Decision, refuse } from "../decider.ts";
import { AliasId, PersonId, type SubmissionId } from "../ids.ts";
import type { Traits, UnsealedIdentityEvent } from "./events.ts";
import { createPeople, type People } from "./people.ts";
import type { Identified, IdentityRefusal } from "./question.ts";

export type IdentityCommand =
  | Identify
  /** Takes back a merge: named by the one who was merged away, that one; named by the one who stayed, the last who came. */
  | { readonly type: "split"; readonly person_id: PersonId; readonly by?: string | undefined }
  /** Forgets a person with all who were merged into them. */
  | {
      readonly type: "forget";
      readonly person_id: PersonId;
      readonly raw_readable_until: string;
      readonly by?: string | undefined;
    };

/** "Who is this?", asked on behalf of one submission. */
export interface Identify {
  readonly type: "identify";
  readonly submission_id: SubmissionId;
  /** Derived from the submission: becomes the person's id, or the alias's, if the record is new. */
  readonly record_id: string;
  readonly traits: Traits;
}

export type Identification = Accepted<UnsealedIdentityEvent> & { readonly answer: Identified };

export type IdentityDecision = Identification | Decision<UnsealedIdentityEvent, IdentityRefusal>;

function decide(command: IdentityCommand, people: People): IdentityDecision {
  switch (command.type) {
    case "identify":
      return identify(command, people);
    case "split":
      return split(command.person_id, people);
    case "forget":
      return forget(command.person_id, command.raw_readable_until, people);
  }
}

/** A decider for one index, which is changed in place: copying a million people is no option. */
export function identityDecider(
  people: People = createPeople(),
): Decider<People, IdentityCommand, IdentityDecision> {
  return { initial: people, evolve, decide };
}

function evolve(people: People, event: UnsealedIdentityEvent): People {
  people.apply(event);
  return people;
}

/**
 * Two of three traits equal, whatever the third: the same person; so is who has the e-mail or the phone where nothing else is given,
 * the older of two. Asking again for the same submission gives the same answer
 * and records nothing.
 */
export function identify({ submission_id, record_id, traits }: Identify, people: People): Identification {
  const repeated = people.find(record_id);
  if (repeated !== undefined) return { ...accept(), answer: answerAgain(repeated, people) };
  const { people: candidates, known } = people.match(traits);
  const [oldest, ...others] = candidates;
  if (oldest === undefined) {
    const person_id = PersonId.parse(record_id);
    const registered = accept<UnsealedIdentityEvent>({
      type: "PersonRegistered",
      data: { person_id, submission_id, traits },
    });
    return { ...registered, answer: { person_id, match: "new", lead_count: 1 } };
  }
  if (known !== undefined) return seenAgain(submission_id, known, people);
  const person_id = personId(oldest, people);
  const alias_id = AliasId.parse(record_id);
  // Whom an operator has split stays apart, whatever records say.
  const joining = others.filter((one) => !people.merges.areSplit(oldest, one));
  const merges = joining.map((one): UnsealedIdentityEvent => {
    return { type: "PersonsMerged", data: { into: person_id, from: personId(one, people), submission_id } };
  });
  const differs = people.differing(oldest, traits);
  const recorded = accept<UnsealedIdentityEvent>(...merges, {
    type: "AliasRecorded",
    data: { person_id, submission_id, traits, alias_id, differs },
  });
  const lead_count = [oldest, ...joining].reduce((sum, one) => sum + people.leadsOf(one), 1);
  const match = merges.length > 0 ? "merged" : "alias";
  return { ...recorded, answer: { person_id, alias_id, match, lead_count } };
}

/** The lead says nothing new: it only counts, once. */
function seenAgain(submission_id: SubmissionId, known: number, people: People): Identification {
  const answer = answerAs(known, people);
  const counted = people.ordinalOfRepeat(submission_id);
  if (counted !== undefined) return { ...accept(), answer: { ...answer, lead_count: counted } };
  const { person_id } = answer;
  const seen = accept<UnsealedIdentityEvent>({
    type: "PersonSeenAgain",
    data: { person_id, submission_id },
  });
  return { ...seen, answer: { ...answer, lead_count: people.leadsOf(people.personOf(known)) + 1 } };
}

/** As the submission that brought this record was answered at first, but for merges since. */
function answerAgain(record: number, people: People): Identified {
  const answer = { ...answerAs(record, people), lead_count: people.ordinalOf(record) };
  return answer.match === "same" ? { ...answer, match: "new" } : answer;
}

function answerAs(record: number, people: People): Identified {
  const person = people.personOf(record);
  const person_id = personId(person, people);
  if (person === record) return { person_id, match: "same" };
  return { person_id, alias_id: AliasId.parse(people.idOf(record)), match: "alias" };
}

const personId = (record: number, people: People): PersonId => PersonId.parse(people.idOf(record));

type OperatorDecision = Decision<UnsealedIdentityEvent, IdentityRefusal>;

function split(id: PersonId, people: People): OperatorDecision {
  const record = people.find(id);
  if (record === undefined) return refuse("unknown_person");
  if (people.isForgotten(record)) return refuse("forgotten");
  const person = people.personOf(record);
  const mergedInto = people.mergedInto(record);
  const from = mergedInto === undefined ? people.merges.lastMergedInto(person) : record;
  if (from === undefined) return refuse("nothing_to_split");
  return accept({
    type: "PersonsSplit",
    data: { into: personId(mergedInto ?? person, people), from: personId(from, people) },
  });
}

function forget(id: PersonId, raw_readable_until: string, people: People): OperatorDecision {
  const record = people.find(id);
  if (record === undefined) return refuse("unknown_person");
  if (people.isForgotten(record)) return refuse("forgotten");
  const person = people.personOf(record);
  const persons = people.merges.membersOf(person).map((one) => personId(one, people));
  return accept({
    type: "PersonForgotten",
    data: { person_id: personId(person, people), persons, raw_readable_until },
  });
}
