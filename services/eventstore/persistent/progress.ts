// How far a reading of consecutive places has been settled, and when that is worth recording.

export interface RecordingPolicy {
  /** Enough to be recorded at once. */
  readonly maxCount: number;
  /** Enough to be recorded once `afterMs` have passed. */
  readonly minCount: number;
  readonly afterMs: number;
}

export class Progress {
  readonly #policy: RecordingPolicy;
  /** What was read and isn't settled, in order, each with the place before it. */
  readonly #unsettled = new Map<number, bigint>();
  #through: bigint;
  #recorded: bigint;
  #recordedAt: number;
  #sinceRecorded = 0;

  constructor(resumeAfter: bigint, policy: RecordingPolicy, now: number) {
    this.#through = resumeAfter;
    this.#recorded = resumeAfter;
    this.#recordedAt = now;
    this.#policy = policy;
  }

  /** The last place that was read. */
  get through(): bigint {
    return this.#through;
  }

  /** Reading may begin again behind this place without missing anything. */
  get settledThrough(): bigint {
    const [first] = this.#unsettled.values();
    return first ?? this.#through;
  }

  /** Whether something was settled that no record tells of yet. */
  get moved(): boolean {
    return this.#sinceRecorded > 0;
  }

  read(seq: number, at: bigint): void {
    this.#unsettled.set(seq, this.#through);
    this.#through = at;
  }

  passOver(through: bigint, count: number): void {
    this.#through = through;
    this.#sinceRecorded += count;
  }

  settle(seq: number): void {
    if (this.#unsettled.delete(seq)) this.#sinceRecorded += 1;
  }

  /** The place to record now, if one is due; it counts as recorded from here on. */
  due(now: number): bigint | undefined {
    const { maxCount, minCount, afterMs } = this.#policy;
    const enough =
      this.#sinceRecorded >= Math.max(maxCount, 1) ||
      (this.#sinceRecorded >= Math.max(minCount, 1) && now - this.#recordedAt >= afterMs);
    if (!enough) return undefined;
    const place = this.settledThrough;
    if (place <= this.#recorded) return undefined;
    this.#recorded = place;
    this.#recordedAt = now;
    this.#sinceRecorded = 0;
    return place;
  }
}
