// Whether a follower does better to wait a moment for a fuller batch: only while many events come. Alone in an idle system nothing
// waits, and a handful of events in a row, such as one submission causes, is not many.
import type { Feed } from "./feed.ts";

export interface GatherOptions {
  readonly maxCount: number;
  /** How long after one batch the next one may be taken. */
  readonly gatherMs: number;
  /** The same at full speed, where a batch costs less for each event the larger it is; gatherMs unless told. */
  readonly maxGatherMs?: number | undefined;
}

/** So many events within gatherMs are worth waiting for. */
const MANY = 16;
/** Events a second from one batch to the next. */
const FULL_SPEED = 1_000;

export class Gathering {
  readonly #options: GatherOptions;
  /** Events that were taken lately; each counts less the longer ago it was. */
  #lately = 0;
  #takenAt = Number.NEGATIVE_INFINITY;
  #isFullSpeed = false;

  constructor(options: GatherOptions) {
    this.#options = options;
  }

  took(count: number): void {
    this.#isFullSpeed = count * 1_000 >= FULL_SPEED * this.#sinceTaken();
    this.#lately = this.#decayed() + count;
    this.#takenAt = performance.now();
  }

  /** Resolves when the batch should be taken. */
  async fuller(feed: Feed, signal: AbortSignal): Promise<void> {
    const { gatherMs, maxGatherMs = gatherMs } = this.#options;
    const remainingMs = (this.#isFullSpeed ? maxGatherMs : gatherMs) - this.#sinceTaken();
    if (feed.waiting === 0 || remainingMs <= 0 || this.#decayed() < MANY) return;
    await feed.fill(this.#options.maxCount, remainingMs, signal);
  }

  #sinceTaken(): number {
    return performance.now() - this.#takenAt;
  }

  #decayed(): number {
    return this.#lately * Math.exp(-this.#sinceTaken() / this.#options.gatherMs);
  }
}
