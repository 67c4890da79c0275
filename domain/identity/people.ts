import { keyTable } from "../key-table.ts";
import { wordsOfUuid } from "../uuid-words.ts";
import type { Traits, UnsealedIdentityEvent } from "./events.ts";
import { createMerges, type Merges, type Split } from "./merges.ts";
import { type Columns, createRecords, wordsOfTraits } from "./records.ts";
import { createRepeats, type RepeatColumns, STEP } from "./repeats.ts";
import { createSingleValues } from "./single-values.ts";

// The identity index: everybody, findable by any two of three traits, or by an e-mail or a phone that is given alone. It is changed in place: a million people are no value to copy.

type KeyWords = readonly [first: number, second: number, third?: number];

/** Where the traits stand that a key is made of: a pair of them, or all three for finding the very same record. */
const KEYS: readonly KeyWords[] = [
  [0, 2],
  [0, 4],
  [2, 4],
  [0, 2, 4],
];
const EXACT = 3;
const KINDS = 4;

/** The stream holds an event where it could not happen: no decision of ours leads there. Nothing is changed by it. */
class ImpossibleHistory extends Error {
  override name = "ImpossibleHistory";
}

export interface Match {
  /** The people whom the record fits, each as their first record, the oldest first. */
  readonly people: readonly number[];
  /** A record that says all that this one says. */
  readonly known: number | undefined;
}

export interface People {
  /** How many records there are. */
  readonly count: number;
  readonly columns: Columns;
  readonly repeats: RepeatColumns;
  apply(event: UnsealedIdentityEvent): void;
  match(traits: Traits): Match;
  /** The record with this id. */
  find(id: string): number | undefined;
  idOf(record: number): string;
  /** Today's person of a record, as their first record. */
  personOf(record: number): number;
  /** Into whom the person was merged, where the record is their first. */
  mergedInto(record: number): number | undefined;
  isForgotten(record: number): boolean;
  /** How many leads the person has sent, with all who were merged into them. */
  leadsOf(person: number): number;
  /** The how manieth lead of its person brought the record. */
  ordinalOf(record: number): number;
  /** The same of a lead that brought no record; undefined where it was not seen yet. */
  ordinalOfRepeat(submission: string): number | undefined;
  readonly merges: Merges;
  /** Which of these traits another record does not share. */
  differing(record: number, traits: Traits): ("email" | "phone" | "name")[];
}

type StoredPeople = readonly [stored?: Columns, splits?: readonly Split[], repeats?: RepeatColumns];

export function createPeople(...stored: StoredPeople): People {
  const steps = createPeopleInSteps(...stored);
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
}

/** The same with pauses, for whoever has other things to do: to find a million people again takes seconds. */
export function* createPeopleInSteps(
  ...[stored, splits, storedRepeats]: StoredPeople
): Generator<undefined, People> {
  const records = createRecords(stored);
  const repeats = yield* createRepeats(storedRepeats);
  const merges = createMerges(records, splits);
  const isForgotten = (record: number): boolean => records.isForgotten(records.personOf(record));

  const leadsOf = (person: number): number =>
    merges.membersOf(person).reduce((sum, one) => sum + records.leadsOf(one), 0);

  // Asked for millions of times, so nothing here makes an object.
  const byTraits = keyTable((entry) => hashAt(Math.floor(entry / KINDS), entry % KINDS));
  const singles = createSingleValues(records, isForgotten);
  const byId = keyTable((record) => records.idWord(record, 0));
  const hashAt = (record: number, kind: number): number => {
    const [a, b, c] = wordsOfKind(kind);
    const third = c === undefined ? 0 : records.traitWord(record, c);
    return hashOf(kind, records.traitWord(record, a), records.traitWord(record, b), third);
  };
  const sharesTrait = (record: number, words: Uint32Array, at: number): boolean =>
    records.traitWord(record, at) === words[at] && records.traitWord(record, at + 1) === words[at + 1];
  const sharesKey = (record: number, words: Uint32Array, kind: number): boolean => {
    const [a, b, c] = wordsOfKind(kind);
    return (
      sharesTrait(record, words, a) &&
      sharesTrait(record, words, b) &&
      (c === undefined || sharesTrait(record, words, c))
    );
  };

  /** The oldest that has the key, so that the answer does not depend on how the table came about. */
  const findByKey = (words: Uint32Array, kind: number): number | undefined => {
    let oldest: number | undefined;
    byTraits.find(hashIn(words, kind), (entry) => {
      const record = Math.floor(entry / KINDS);
      if (oldest !== undefined && record > oldest) return false;
      if (entry % KINDS === kind && sharesKey(record, words, kind) && !isForgotten(record)) oldest = record;
      return false;
    });
    return oldest;
  };
  const find = (id: string): number | undefined => {
    const words = wordsOfUuid(id);
    return byId.find(words[0], (record) => words.every((word, n) => records.idWord(record, n) === word));
  };
  const mustFind = (id: string): number => {
    const record = find(id);
    if (record === undefined) throw new ImpossibleHistory(`${id} is named before they are registered`);
    return record;
  };
  const mustBeNew = (id: string): void => {
    if (find(id) !== undefined) throw new ImpossibleHistory(`${id} is recorded twice`);
  };

  const index = (record: number): void => {
    byId.add(records.idWord(record, 0), record);
    singles.add(record);
    const words = records.traitsOf(record);
    for (let kind = 0; kind < KINDS; kind += 1) {
      if (!hasKey(words, kind)) continue;
      const before = findByKey(words, kind);
      // Not by today's persons: an index that is made anew must be the same, whatever was merged and split since.
      if (before !== undefined && records.ownerOf(before) === records.ownerOf(record)) continue;
      byTraits.add(hashAt(record, kind), record * KINDS + kind);
    }
  };
  if (stored) {
    byId.reserve(stored.count);
    byTraits.reserve(stored.count * KINDS);
    singles.reserve(stored.count);
  }
  for (let record = 0; record < records.count; record += 1) {
    if (record % STEP === STEP - 1) yield;
    index(record);
  }

  return {
    get count() {
      return records.count;
    },
    get columns() {
      return records.columns;
    },
    get repeats() {
      return repeats.columns;
    },
    apply(event) {
      switch (event.type) {
        case "PersonRegistered": {
          mustBeNew(event.data.person_id);
          const person = records.add(event.data.person_id, event.data.traits);
          index(person);
          records.countLead(person, person);
          break;
        }
        case "AliasRecorded": {
          const { alias_id, traits, person_id } = event.data;
          mustBeNew(alias_id);
          const person = mustFind(person_id);
          const record = records.add(alias_id, traits, person);
          index(record);
          records.countLead(person, record, leadsOf(records.personOf(person)) + 1);
          break;
        }
        case "PersonSeenAgain": {
          const person = mustFind(event.data.person_id);
          repeats.add(event.data.submission_id, leadsOf(records.personOf(person)) + 1);
          records.countLead(person);
          break;
        }
        case "PersonsMerged": {
          const [from, into] = [mustFind(event.data.from), mustFind(event.data.into)];
          // A circle of merges would have no end.
          if (records.personOf(from) !== from || records.personOf(into) === from)
            throw new ImpossibleHistory("a person is merged who is merged already, or into themselves");
          merges.merge(from, into);
          break;
        }
        case "PersonsSplit": {
          const [from, into] = [mustFind(event.data.from), mustFind(event.data.into)];
          if (records.mergedInto(from) !== into)
            throw new ImpossibleHistory("two persons are split who are not merged");
          merges.split(from, into);
          break;
        }
        case "PersonForgotten":
          for (const person of event.data.persons.map(mustFind)) records.forget(person);
          break;
      }
    },
    match(traits) {
      const words = wordsOfTraits(traits);
      const single = singles.find(words);
      if (single !== undefined) return { people: [records.personOf(single)], known: single };
      const found = new Set<number>();
      let pairs = 0;
      let known: number | undefined;
      for (let kind = 0; kind < EXACT; kind += 1) {
        if (!hasKey(words, kind)) continue;
        pairs += 1;
        const record = findByKey(words, kind);
        if (record === undefined) continue;
        found.add(records.personOf(record));
        known = record;
      }
      // With one pair only, whoever has it says no less than this record; with all three, only an equal record does.
      if (pairs > 1) known = findByKey(words, EXACT);
      return { people: [...found].sort((a, b) => a - b), known };
    },
    find,
    idOf: records.idOf,
    personOf: records.personOf,
    mergedInto: records.mergedInto,
    isForgotten,
    leadsOf,
    ordinalOf: records.ordinalOf,
    ordinalOfRepeat: repeats.ordinalOf,
    merges,
    differing(record, traits) {
      const mine = wordsOfTraits(traits);
      const differs = (at: number): boolean => isSet(mine, at) && !sharesTrait(record, mine, at);
      return (["email", "phone", "name"] as const).filter((_, n) => differs(n * 2));
    },
  };
}

const isSet = (words: Uint32Array, at: number): boolean => words[at] !== 0 || words[at + 1] !== 0;

function hasKey(words: Uint32Array, kind: number): boolean {
  const [a, b, c] = wordsOfKind(kind);
  return isSet(words, a) && isSet(words, b) && (c === undefined || isSet(words, c));
}

const wordsOfKind = (kind: number): KeyWords => KEYS[kind] as KeyWords;

function hashIn(words: Uint32Array, kind: number): number {
  const [a, b, c] = wordsOfKind(kind);
  return hashOf(kind, words[a] as number, words[b] as number, c === undefined ? 0 : (words[c] as number));
}

function hashOf(kind: number, a: number, b: number, c: number): number {
  let hash = Math.imul(a ^ kind, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13) ^ b, 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 15) ^ c, 0x27d4eb2f);
  return (hash ^ (hash >>> 16)) >>> 0;
}
