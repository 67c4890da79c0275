import { keyTable } from "../key-table.ts";
import type { Records } from "./records.ts";

// Who has an e-mail or a phone, for records that give nothing else. A value has one entry in the table, the oldest record with it; the
// others hang on that one as a chain, so that a value which thousands share slows down no other.

/** Of a record's words: where its e-mail and its phone stand. */
const STARTS = [0, 2] as const;
const NONE = 0xffffffff;

export interface SingleValues {
  add(record: number): void;
  /** Of the oldest person who has the only value in these words, their oldest record with it; undefined where there are more values. */
  find(words: Uint32Array): number | undefined;
  /** Makes room for so many records. */
  reserve(count: number): void;
}

export function createSingleValues(records: Records, isForgotten: (record: number) => boolean): SingleValues {
  const heads = keyTable((entry) => hashAt(records.traitsOf(entry >>> 1), entry & 1));
  let next = new Uint32Array(2 * 1_024).fill(NONE);

  const hashAt = (words: Uint32Array, field: number): number => {
    const at = STARTS[field as 0 | 1];
    const hash = Math.imul((words[at] as number) ^ field, 0x85ebca6b) ^ (words[at + 1] as number);
    return (hash ^ (hash >>> 15)) >>> 0;
  };
  const has = (record: number, words: Uint32Array, field: number): boolean => {
    const at = STARTS[field as 0 | 1];
    return records.traitWord(record, at) === words[at] && records.traitWord(record, at + 1) === words[at + 1];
  };
  const headOf = (words: Uint32Array, field: number): number | undefined => {
    const entry = heads.find(
      hashAt(words, field),
      (one) => (one & 1) === field && has(one >>> 1, words, field),
    );
    return entry === undefined ? undefined : entry >>> 1;
  };

  const makeRoom = (count: number): void => {
    if (next.length >= count * 2) return;
    const before = next;
    next = new Uint32Array(Math.max(count * 2, Math.ceil(before.length * 1.5))).fill(NONE);
    next.set(before);
  };

  return {
    reserve(count) {
      makeRoom(count);
      heads.reserve(count * 2);
    },
    add(record) {
      makeRoom(record + 1);
      const words = records.traitsOf(record);
      const owner = records.ownerOf(record);
      for (let field = 0; field < STARTS.length; field += 1) {
        if (!isSet(words, STARTS[field as 0 | 1])) continue;
        const head = headOf(words, field);
        if (head === undefined) {
          heads.add(hashAt(words, field), record * 2 + field);
          continue;
        }
        // Whoever owns it has it already, so this one would say nothing new.
        if (records.ownerOf(head) === owner || (owner !== record && has(owner, words, field))) continue;
        next[record * 2 + field] = next[head * 2 + field] as number;
        next[head * 2 + field] = record;
      }
    },
    find(words) {
      const field = onlyFieldIn(words);
      const head = field === undefined ? undefined : headOf(words, field);
      if (field === undefined || head === undefined) return undefined;
      let best: number | undefined;
      let oldest = NONE;
      for (let record = head; record !== NONE; record = next[record * 2 + field] as number) {
        const person = records.personOf(record);
        if (person > oldest || isForgotten(record)) continue;
        if (best === undefined || person < oldest || record < best) best = record;
        oldest = person;
      }
      return best;
    },
  };
}

const isSet = (words: Uint32Array, at: number): boolean => words[at] !== 0 || words[at + 1] !== 0;

/** Undefined where a name is given, or more than one value. */
function onlyFieldIn(words: Uint32Array): number | undefined {
  const [hasEmail, hasPhone, hasName] = [isSet(words, 0), isSet(words, 2), isSet(words, 4)];
  if (hasName || hasEmail === hasPhone) return undefined;
  return hasEmail ? 0 : 1;
}
