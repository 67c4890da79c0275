import { keyTable } from "../key-table.ts";
import { wordsOfUuid } from "../uuid-words.ts";

// The leads that said nothing new about their person, so that each counts once however often it is asked about. A lead is known by 64
// bits of its id, which is a hash already; 19 bytes a lead, its place in the table included.

const ID_WORDS = 2;

export interface RepeatColumns {
  readonly count: number;
  readonly ids: Uint32Array;
  /** The how manieth lead of its person each was. */
  readonly ordinals: Uint32Array;
}

export interface Repeats {
  readonly columns: RepeatColumns;
  ordinalOf(submission: string): number | undefined;
  add(submission: string, ordinal: number): void;
}

/** So many are put into a table between two pauses, a few hundredths of a second. */
export const STEP = 10_000;

/** In steps, as all people are. */
export function* createRepeats(stored?: RepeatColumns): Generator<undefined, Repeats> {
  let count = stored?.count ?? 0;
  let ids = grown(stored?.ids, Math.max(1_024, count) * ID_WORDS);
  let ordinals = grown(stored?.ordinals, Math.max(1_024, count));
  const byId = keyTable((repeat) => ids[repeat * ID_WORDS] as number);
  byId.reserve(count);
  for (let repeat = 0; repeat < count; repeat += 1) {
    if (repeat % STEP === STEP - 1) yield;
    byId.add(ids[repeat * ID_WORDS] as number, repeat);
  }

  return {
    get columns() {
      return { count, ids, ordinals };
    },
    ordinalOf(submission) {
      const [first, last] = idWords(submission);
      const found = byId.find(
        first,
        (repeat) => ids[repeat * ID_WORDS] === first && ids[repeat * ID_WORDS + 1] === last,
      );
      return found === undefined ? undefined : ordinals[found];
    },
    add(submission, ordinal) {
      if (count === ordinals.length) {
        const capacity = Math.ceil(count * 1.5);
        ids = grown(ids, capacity * ID_WORDS);
        ordinals = grown(ordinals, capacity);
      }
      const repeat = count;
      count += 1;
      const [first, last] = idWords(submission);
      ids[repeat * ID_WORDS] = first;
      ids[repeat * ID_WORDS + 1] = last;
      ordinals[repeat] = ordinal;
      byId.add(first, repeat);
    },
  };
}

function idWords(submission: string): [number, number] {
  // Those in the middle have the version and the variant in them.
  const [first, , , last] = wordsOfUuid(submission);
  return [first, last];
}

function grown(from: Uint32Array | undefined, length: number): Uint32Array {
  const array = new Uint32Array(length);
  if (from) array.set(from.length > length ? from.subarray(0, length) : from);
  return array;
}
