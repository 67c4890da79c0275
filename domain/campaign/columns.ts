import type { MemberId } from "../ids.ts";
import { UUID_WORDS, uuidOfWords } from "../uuid-words.ts";

// Everybody in a campaign as columns of numbers, 45 bytes a member: there may be a million of them, and most only wait.

/** No member: at the end of a queue, or in none. */
export const NOBODY = 0xffffffff;

const MIN_CAPACITY = 64;
/** A little at a time, since what is reserved ahead is memory that nobody uses. */
const GROWTH = 17 / 16;

/** What is known of each. */
export interface Columns {
  readonly ids: Uint32Array;
  /** Milliseconds since 1970 at which the wait is over; means nothing but while waiting. */
  readonly due: Float64Array;
  readonly moves: Uint32Array;
  /** At which step of which version, as a number. */
  readonly places: Uint32Array;
  readonly flags: Uint8Array;
}

export class MemberColumns implements Columns {
  count: number;
  ids: Uint32Array;
  due: Float64Array;
  moves: Uint32Array;
  places: Uint32Array;
  flags: Uint8Array;
  /** Where a member is among the others of its queue. Whoever waits is in the heap: `previous` is the place in it, `next` is nothing. */
  next: Uint32Array;
  previous: Uint32Array;
  #capacity: number;

  constructor(count = 0, stored?: Columns) {
    const capacity = Math.max(MIN_CAPACITY, count);
    this.count = count;
    this.#capacity = capacity;
    this.ids = sized(stored?.ids, new Uint32Array(capacity * UUID_WORDS));
    this.due = sized(stored?.due, new Float64Array(capacity));
    this.moves = sized(stored?.moves, new Uint32Array(capacity));
    this.places = sized(stored?.places, new Uint32Array(capacity));
    this.flags = sized(stored?.flags, new Uint8Array(capacity));
    this.next = new Uint32Array(capacity).fill(NOBODY);
    this.previous = new Uint32Array(capacity).fill(NOBODY);
  }

  /** Gives the number of the new member, which stays. */
  add(words: readonly number[]): number {
    if (this.count === this.#capacity) this.#grow();
    const member = this.count;
    this.count += 1;
    this.ids.set(words, member * UUID_WORDS);
    this.next[member] = NOBODY;
    this.previous[member] = NOBODY;
    return member;
  }

  idOf(member: number): MemberId {
    return uuidOfWords(this.ids.subarray(member * UUID_WORDS, (member + 1) * UUID_WORDS)) as MemberId;
  }

  #grow(): void {
    const capacity = Math.ceil(this.#capacity * GROWTH);
    this.#capacity = capacity;
    this.ids = sized(this.ids, new Uint32Array(capacity * UUID_WORDS));
    this.due = sized(this.due, new Float64Array(capacity));
    this.moves = sized(this.moves, new Uint32Array(capacity));
    this.places = sized(this.places, new Uint32Array(capacity));
    this.flags = sized(this.flags, new Uint8Array(capacity));
    this.next = sized(this.next, new Uint32Array(capacity));
    this.previous = sized(this.previous, new Uint32Array(capacity));
  }

  /** As they are now, whatever happens to them later. */
  copy(): Columns {
    const { count, ids, due, moves, places, flags } = this;
    return {
      ids: ids.slice(0, count * UUID_WORDS),
      due: due.slice(0, count),
      moves: moves.slice(0, count),
      places: places.slice(0, count),
      flags: flags.slice(0, count),
    };
  }
}

function sized<Column extends Uint32Array | Float64Array | Uint8Array>(
  from: Column | undefined,
  to: Column,
): Column {
  if (from !== undefined) to.set(from);
  return to;
}
