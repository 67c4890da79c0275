import type { DeliveryId, MemberId, StepId } from "../ids.ts";
import { type KeyTable, keyTable } from "../key-table.ts";
import { UUID_WORDS, wordsOfUuid } from "../uuid-words.ts";
import { type Columns, MemberColumns } from "./columns.ts";
import {
  flagsOf,
  isMarkedIn,
  isOver,
  isReplyNewIn,
  type Member,
  sentimentIn,
  statusIn,
  type Work,
} from "./member-state.ts";
import { Places } from "./places.ts";

// The members of a campaign one by one, by their numbers: what everybody has stands in columns, what few have beside these.

/** All that is known of them, as it was at one moment. */
export interface RecordsCopy {
  readonly count: number;
  readonly columns: Columns;
  /** Two numbers for each event that added somebody: the first that it added, and its revision. */
  readonly added: Uint32Array;
  readonly places: readonly (readonly [version: number, step: StepId])[];
  readonly work: readonly (readonly [number, Work])[];
  readonly replied: readonly (readonly [number, number])[];
  readonly redrives: readonly (readonly [number, number])[];
  readonly sentAs: readonly (readonly [number, DeliveryId])[];
}

type Writable<T> = { -readonly [Name in keyof T]: T[Name] };

const hashOf = (first: number, last: number): number => (first ^ Math.imul(last, 0x9e3779b1)) >>> 0;

export class MemberRecords {
  readonly columns: MemberColumns;
  readonly places: Places;
  readonly #byId: KeyTable;
  /** See RecordsCopy. */
  #added: Uint32Array;
  #additions: number;
  readonly #work: Map<number, Work>;
  readonly #replied: Map<number, number>;
  readonly #redrives: Map<number, number>;
  readonly #sentAs: Map<number, DeliveryId>;
  #found: { readonly id?: MemberId; readonly member?: number } = {};

  /** Of a copy nobody is found by id before all are indexed. */
  constructor(copy?: RecordsCopy) {
    this.columns = new MemberColumns(copy?.count, copy?.columns);
    this.places = new Places(copy?.places);
    this.#byId = keyTable((member) => this.#hash(member));
    this.#byId.reserve(copy?.count ?? 0);
    this.#added = copy?.added.slice() ?? new Uint32Array(2);
    this.#additions = (copy?.added.length ?? 0) / 2;
    this.#work = new Map(copy?.work);
    this.#replied = new Map(copy?.replied);
    this.#redrives = new Map(copy?.redrives);
    this.#sentAs = new Map(copy?.sentAs);
  }

  index(member: number): void {
    this.#byId.add(this.#hash(member), member);
  }

  copy(): RecordsCopy {
    return {
      count: this.columns.count,
      columns: this.columns.copy(),
      added: this.#added.slice(0, this.#additions * 2),
      places: this.places.all(),
      work: [...this.#work],
      replied: [...this.#replied],
      redrives: [...this.#redrives],
      sentAs: [...this.#sentAs],
    };
  }

  /** What is added from now on stands in the event of this revision, in that order. */
  startAdding(revision: number): void {
    const at = this.#additions * 2;
    if (at === this.#added.length) {
      const grown = new Uint32Array(at + Math.max(2, (at >> 3) & ~1));
      grown.set(this.#added);
      this.#added = grown;
    }
    this.#added[at] = this.columns.count;
    this.#added[at + 1] = revision;
    this.#additions += 1;
  }

  add(id: MemberId): number {
    const member = this.columns.add(wordsOfUuid(id));
    this.index(member);
    return member;
  }

  find(id: MemberId): number | undefined {
    // On its way a member is looked for several times in a row; its number stays what it is.
    if (id === this.#found.id) return this.#found.member;
    const member = this.#lookUp(id);
    if (member !== undefined) this.#found = { id, member };
    return member;
  }

  #lookUp(id: MemberId): number | undefined {
    const { ids } = this.columns;
    const [first, second, third, last] = wordsOfUuid(id);
    return this.#byId.find(hashOf(first, last), (member) => {
      const at = member * UUID_WORDS;
      return ids[at] === first && ids[at + 1] === second && ids[at + 2] === third && ids[at + 3] === last;
    });
  }

  workOf(member: number): Work | undefined {
    return this.#work.get(member);
  }

  get works(): Iterable<Work> {
    return this.#work.values();
  }

  read(member: number): Member {
    const { flags, due, moves, places } = this.columns;
    const bits = flags[member] as number;
    const status = statusIn(bits);
    const isMarked = isMarkedIn(bits);
    const [version, step] = this.places.at(places[member] as number);
    const work = this.#work.get(member);
    const replied = this.#replied.get(member);
    const sent_as = this.#sentAs.get(member);
    const sentiment = sentimentIn(bits);
    const read: Writable<Member> = {
      status,
      added: this.#addedIn(member),
      version,
      moves: moves[member] as number,
      redrives: this.#redrives.get(member) ?? 0,
    };
    // One by one: a member is read many times on its way, and spreading what it may have takes three times as long.
    if (step !== undefined) read.step = step;
    if (status === "pending" && isMarked) read.is_to_send = true;
    if (work !== undefined) read.work = work;
    if (status === "waiting") read.wait = { due: due[member] as number, ends_by_reply: isMarked };
    if (replied !== undefined) read.replied = replied;
    if (isReplyNewIn(bits)) read.is_reply_new = true;
    if (sentiment !== undefined) read.sentiment = sentiment;
    if (sent_as !== undefined) read.sent_as = sent_as;
    if (status === "failed" && isMarked) read.is_dead = true;
    return read;
  }

  /** All but in which event it was added, which stays. */
  write(member: number, changed: Member): void {
    const { version, step, moves, redrives, work, wait, replied, sent_as } = changed;
    const { columns } = this;
    columns.flags[member] = flagsOf(changed);
    columns.moves[member] = moves;
    columns.places[member] = step === undefined ? 0 : this.places.numberOf(version, step);
    columns.due[member] = wait?.due ?? 0;
    if (isOver(changed)) {
      this.forgetFew(member);
      return;
    }
    keep(this.#work, member, work);
    keep(this.#replied, member, replied);
    keep(this.#redrives, member, redrives === 0 ? undefined : redrives);
    keep(this.#sentAs, member, sent_as);
  }

  /** Of somebody who goes nowhere any more. */
  forgetFew(member: number): void {
    for (const few of [this.#work, this.#replied, this.#redrives, this.#sentAs]) few.delete(member);
  }

  #hash(member: number): number {
    const { ids } = this.columns;
    const at = member * UUID_WORDS;
    return hashOf(ids[at] as number, ids[at + UUID_WORDS - 1] as number);
  }

  /** In the last event whose first is it or one before it. */
  #addedIn(member: number): Member["added"] {
    let [low, high] = [0, this.#additions - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#added[middle * 2] as number) <= member) low = middle;
      else high = middle - 1;
    }
    const [first, revision] = [this.#added[low * 2] as number, this.#added[low * 2 + 1] as number];
    return { revision, n: member - first };
  }
}

function keep<Value>(few: Map<number, Value>, member: number, value: Value | undefined): void {
  if (value === undefined) few.delete(member);
  else few.set(member, value);
}
