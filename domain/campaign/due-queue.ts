import type { MemberId } from "../ids.ts";

// Whose wait is over, the earliest first: a binary heap. What is in it may be out of date, which whoever takes it out has to notice.

export interface Due {
  readonly at: number;
  readonly id: MemberId;
  /** The member's count of moves then: another one now means that it has gone on since. */
  readonly moves: number;
}

export class DueQueue {
  readonly #heap: Due[] = [];

  get size(): number {
    return this.#heap.length;
  }

  push(due: Due): void {
    const heap = this.#heap;
    let n = heap.length;
    heap.push(due);
    while (n > 0) {
      const parent = (n - 1) >> 1;
      const above = heap[parent] as Due;
      if (above.at <= due.at) break;
      heap[n] = above;
      n = parent;
    }
    heap[n] = due;
  }

  first(): Due | undefined {
    return this.#heap[0];
  }

  take(): Due | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let n = 0;
    for (;;) {
      let child = 2 * n + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && (heap[child + 1] as Due).at < (heap[child] as Due).at) child += 1;
      if ((heap[child] as Due).at >= last.at) break;
      heap[n] = heap[child] as Due;
      n = child;
    }
    heap[n] = last;
    return first;
  }
}
