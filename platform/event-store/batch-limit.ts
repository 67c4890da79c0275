// How many events a follower is given at once: as many as it handles in the time that it aims at, so that on a slow or busy machine it
// takes less at a time instead of ever longer.

export interface BatchLimitOptions {
  readonly maxCount: number;
  /** How long a batch should take at most. */
  readonly aimMs: number;
}

/** Fewer would not be quicker: what a batch costs by itself is then most of it. */
const MIN_COUNT = 100;

export class BatchLimit {
  readonly #options: BatchLimitOptions;
  #count: number;

  constructor(options: BatchLimitOptions) {
    this.#options = options;
    this.#count = options.maxCount;
  }

  get count(): number {
    return this.#count;
  }

  /** So many events took so long. */
  took(events: number, ms: number): void {
    const { maxCount, aimMs } = this.#options;
    if (ms > aimMs) {
      // A handful that took long had to wait for something else.
      const fitting = Math.max((events * aimMs) / ms, events / 4);
      if (events > MIN_COUNT) this.#count = Math.min(this.#count, Math.max(MIN_COUNT, Math.round(fitting)));
    } else if (ms < aimMs / 2 && events >= this.#count) {
      this.#count = Math.min(maxCount, 2 * this.#count);
    }
  }
}
