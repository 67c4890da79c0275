import type { MemberId } from "../ids.ts";
import { type MemberColumns, NOBODY } from "./columns.ts";

// Members one after the other, in the order in which they came: a list whose links are two of the columns, since everybody is in one
// queue at most.

export class Queue {
  readonly #columns: MemberColumns;
  #first = NOBODY;
  #last = NOBODY;
  #size = 0;

  constructor(columns: MemberColumns) {
    this.#columns = columns;
  }

  get size(): number {
    return this.#size;
  }

  append(member: number): void {
    const { next, previous } = this.#columns;
    previous[member] = this.#last;
    next[member] = NOBODY;
    if (this.#last === NOBODY) this.#first = member;
    else next[this.#last] = member;
    this.#last = member;
    this.#size += 1;
  }

  /** Only of somebody who is in it. */
  remove(member: number): void {
    const { next, previous } = this.#columns;
    const [before, after] = [previous[member] as number, next[member] as number];
    if (before === NOBODY) this.#first = after;
    else next[before] = after;
    if (after === NOBODY) this.#last = before;
    else previous[after] = before;
    next[member] = NOBODY;
    previous[member] = NOBODY;
    this.#size -= 1;
  }

  clear(): void {
    const { next, previous } = this.#columns;
    for (const member of [...this.numbers()]) {
      next[member] = NOBODY;
      previous[member] = NOBODY;
    }
    this.#first = NOBODY;
    this.#last = NOBODY;
    this.#size = 0;
  }

  *numbers(): Generator<number> {
    for (let member = this.#first; member !== NOBODY; member = this.#columns.next[member] as number)
      yield member;
  }

  *[Symbol.iterator](): Generator<MemberId> {
    for (const member of this.numbers()) yield this.#columns.idOf(member);
  }
}
