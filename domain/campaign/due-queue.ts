import { type MemberColumns, NOBODY } from "./columns.ts";

// Who waits, the earliest first: a binary heap of members' numbers, each of which knows its place in it. Those of the same moment come in
// the order in which they were added, so that what was stored together is read together.

const MIN_CAPACITY = 64;
const GROWTH = 17 / 16;

export class DueQueue {
  readonly #columns: MemberColumns;
  readonly #dueAt: (member: number) => number;
  #heap = new Uint32Array(MIN_CAPACITY);
  #size = 0;

  /** `dueAt` says the same of a member for as long as it is in here. */
  constructor(columns: MemberColumns, dueAt: (member: number) => number) {
    this.#columns = columns;
    this.#dueAt = dueAt;
  }

  get size(): number {
    return this.#size;
  }

  has(member: number): boolean {
    return this.#columns.previous[member] !== NOBODY;
  }

  /** Undefined where there is nobody. */
  first(): number | undefined {
    return this.#size === 0 ? undefined : this.#heap[0];
  }

  push(member: number): void {
    if (this.#size === this.#heap.length) {
      const grown = new Uint32Array(Math.ceil(this.#size * GROWTH));
      grown.set(this.#heap);
      this.#heap = grown;
    }
    this.#size += 1;
    this.#rise(this.#size - 1, member);
  }

  /** Whoever is not in it is left alone. */
  remove(member: number): void {
    const at = this.#columns.previous[member] as number;
    if (at === NOBODY) return;
    this.#columns.previous[member] = NOBODY;
    this.#size -= 1;
    if (at === this.#size) return;
    const last = this.#heap[this.#size] as number;
    this.#sink(at, last);
    this.#rise(this.#columns.previous[last] as number, last);
  }

  clear(): void {
    for (let at = 0; at < this.#size; at += 1) this.#columns.previous[this.#heap[at] as number] = NOBODY;
    this.#size = 0;
  }

  #isBefore(one: number, other: number): boolean {
    const [first, second] = [this.#dueAt(one), this.#dueAt(other)];
    return first < second || (first === second && one < other);
  }

  #put(at: number, member: number): void {
    this.#heap[at] = member;
    this.#columns.previous[member] = at;
  }

  #rise(from: number, member: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = this.#heap[parent] as number;
      if (!this.#isBefore(member, above)) break;
      this.#put(at, above);
      at = parent;
    }
    this.#put(at, member);
  }

  #sink(from: number, member: number): void {
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.#size) break;
      if (
        child + 1 < this.#size &&
        this.#isBefore(this.#heap[child + 1] as number, this.#heap[child] as number)
      )
        child += 1;
      const below = this.#heap[child] as number;
      if (!this.#isBefore(below, member)) break;
      this.#put(at, below);
      at = child;
    }
    this.#put(at, member);
  }
}
