import { UUID_WORDS as ID_WORDS, uuidOfWords, wordsOfUuid } from "../uuid-words.ts";
import type { Traits } from "./events.ts";

// Everything known of everybody, as columns of numbers: 53 bytes a record. A record is what one submission brought that was
// not known before; the first record of a person stands for the person.

const TRAIT_WORDS = 6;
const NOT_MERGED = 0xffffffff;

export interface Columns {
  readonly count: number;
  /** Each record's UUID. */
  readonly ids: Uint32Array;
  /** 64 bits of each trait's hash: e-mail, phone, name; zero where blank. */
  readonly traits: Uint32Array;
  /** The first record of the person that the record was recorded for. */
  readonly owners: Uint32Array;
  /** For a person's first record: into whom the person was merged. */
  readonly parents: Uint32Array;
  /** For a person's first record: 1 when the person is forgotten. */
  readonly forgotten: Uint8Array;
  /** The how manieth lead of its person brought the record. */
  readonly ordinals: Uint32Array;
  /** For a person's first record: how many leads the person has sent, without those who were merged into them. */
  readonly leads: Uint32Array;
}

export interface Records {
  readonly count: number;
  readonly columns: Columns;
  idWord(record: number, at: number): number;
  traitWord(record: number, at: number): number;
  traitsOf(record: number): Uint32Array;
  isForgotten(person: number): boolean;
  /** The first record of the person that the record was recorded for, whatever was merged since. */
  ownerOf(record: number): number;
  add(id: string, traits: Traits, owner?: number): number;
  idOf(record: number): string;
  /** The first record of the person whom this record speaks of today, merges followed. */
  personOf(record: number): number;
  /** For a person's first record: into whom the person was merged. */
  mergedInto(record: number): number | undefined;
  merge(from: number, into: number): void;
  unmerge(from: number): void;
  forget(person: number): void;
  ordinalOf(record: number): number;
  leadsOf(person: number): number;
  /** One more lead of the person; where it brought a record, which lead that was. */
  countLead(person: number, record?: number, ordinal?: number): void;
  /** All that hold today, in the order of the persons. */
  merges(): [from: number, into: number][];
}

export function createRecords(stored?: Columns): Records {
  let count = stored?.count ?? 0;
  let capacity = Math.max(1_024, count);
  let ids = sized(stored?.ids, capacity * ID_WORDS);
  let traits = sized(stored?.traits, capacity * TRAIT_WORDS);
  let owners = sized(stored?.owners, capacity);
  let parents = sized(stored?.parents, capacity);
  let ordinals = sized(stored?.ordinals, capacity);
  let leads = sized(stored?.leads, capacity);
  let forgotten = new Uint8Array(capacity);
  if (stored) forgotten.set(stored.forgotten.subarray(0, count));

  const grow = (): void => {
    capacity = Math.ceil(capacity * 1.5);
    ids = sized(ids, capacity * ID_WORDS);
    traits = sized(traits, capacity * TRAIT_WORDS);
    owners = sized(owners, capacity);
    parents = sized(parents, capacity);
    ordinals = sized(ordinals, capacity);
    leads = sized(leads, capacity);
    const before = forgotten;
    forgotten = new Uint8Array(capacity);
    forgotten.set(before);
  };

  return {
    get count() {
      return count;
    },
    idWord: (record, at) => ids[record * ID_WORDS + at] as number,
    traitWord: (record, at) => traits[record * TRAIT_WORDS + at] as number,
    traitsOf: (record) => traits.subarray(record * TRAIT_WORDS, (record + 1) * TRAIT_WORDS),
    isForgotten: (person) => forgotten[person] === 1,
    ownerOf: (record) => owners[record] as number,
    get columns() {
      return { count, ids, traits, owners, parents, forgotten, ordinals, leads };
    },
    add(id, given, owner) {
      if (count === capacity) grow();
      const record = count;
      count += 1;
      ids.set(wordsOfUuid(id), record * ID_WORDS);
      traits.set(wordsOfTraits(given), record * TRAIT_WORDS);
      owners[record] = owner ?? record;
      parents[record] = NOT_MERGED;
      return record;
    },
    idOf: (record) => uuidOfWords(ids.subarray(record * ID_WORDS, (record + 1) * ID_WORDS)),
    personOf(record) {
      let person = owners[record] as number;
      for (let up = parents[person]; up !== NOT_MERGED; up = parents[person]) person = up as number;
      return person;
    },
    mergedInto(record) {
      const into = parents[record] as number;
      return into === NOT_MERGED ? undefined : into;
    },
    merge(from, into) {
      parents[from] = into;
    },
    unmerge(from) {
      parents[from] = NOT_MERGED;
    },
    forget(person) {
      forgotten[person] = 1;
    },
    ordinalOf: (record) => ordinals[record] as number,
    leadsOf: (person) => leads[person] as number,
    countLead(person, record, ordinal = 1) {
      leads[person] = (leads[person] as number) + 1;
      if (record !== undefined) ordinals[record] = ordinal;
    },
    merges() {
      const all: [number, number][] = [];
      for (let person = 0; person < count; person += 1) {
        const into = parents[person] as number;
        if (into !== NOT_MERGED) all.push([person, into]);
      }
      return all;
    },
  };
}

function sized(from: Uint32Array | undefined, length: number): Uint32Array {
  const array = new Uint32Array(length);
  if (from) array.set(from.length > length ? from.subarray(0, length) : from);
  return array;
}

/** Two words for each trait; zeroes where it is blank. */
export function wordsOfTraits({ email, phone, name }: Traits): Uint32Array {
  const words = new Uint32Array(TRAIT_WORDS);
  hashInto(words, 0, email);
  hashInto(words, 2, phone);
  hashInto(words, 4, name);
  return words;
}

/** Traits are keyed hashes already, so nobody can aim at a collision; this only brings them to 64 bits, whatever their form. */
function hashInto(words: Uint32Array, at: number, trait: string | undefined): void {
  if (trait === undefined) return;
  let low = 0x9e3779b9;
  let high = 0x85ebca6b;
  for (let n = 0; n < trait.length; n += 1) {
    const code = trait.charCodeAt(n);
    low = Math.imul(low ^ code, 0x85ebca77);
    high = Math.imul(high ^ code, 0xc2b2ae3d);
  }
  words[at] = low ^ (high >>> 15) || 1;
  words[at + 1] = high ^ (low >>> 13);
}
