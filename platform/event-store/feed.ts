// What has arrived for one follower and is not handled yet.
//
// 1. Events lie here in the order of the log, each once: what is not after `reached` is passed over.
// 2. `reached` says how far the log is done with once everything in here is handled, so it grows with every message of the source,
//    whether the follower wants it or not.
// 3. It holds no more than its bounds, plus one event: full, it tells its source, which stops or leaves it.
// 4. Once it has ended nothing is added. What it holds can still be taken; then arrival() says false, or throws what broke it.
import type { RecordedEvent } from "./recorded-event.ts";

export interface Bounds {
  readonly maxEvents: number;
  readonly maxBytes: number;
}

export interface Batch {
  readonly events: RecordedEvent[];
  /** How far the log is done with once the events are handled; undefined while nothing is known. */
  readonly position: bigint | undefined;
  /** Whether the end of the log lay behind these events. */
  readonly caughtUp: boolean;
}

export class Feed {
  /** Whether the end of the log was reached and nothing was missed since; set by who handles, ended by the source. */
  live = false;
  readonly #bounds: Bounds;
  readonly #onRoom: () => void;
  #reached: bigint | undefined;
  #events: RecordedEvent[] = [];
  #bytes = 0;
  /** How many events lie before the end of the log; undefined when it was not reached. */
  #beforeEnd: number | undefined;
  /** Whether the follower is to be told of `reached` though it gets no event. */
  #moved = false;
  #wasFull = false;
  #ended: { readonly error: Error | undefined } | undefined;
  #wake: (() => void) | undefined;

  /** `from` is exclusive. `onRoom` is called when a feed that was full is half empty again. */
  constructor(from: bigint | undefined, bounds: Bounds, onRoom: () => void = () => undefined) {
    this.#reached = from;
    this.#bounds = bounds;
    this.#onRoom = onRoom;
  }

  get waiting(): number {
    return this.#events.length;
  }

  get ended(): boolean {
    return this.#ended !== undefined;
  }

  get full(): boolean {
    return this.#events.length >= this.#bounds.maxEvents || this.#bytes >= this.#bounds.maxBytes;
  }

  get #halfFull(): boolean {
    return this.#events.length * 2 >= this.#bounds.maxEvents || this.#bytes * 2 >= this.#bounds.maxBytes;
  }

  push(event: RecordedEvent): void {
    if (this.#ended || !this.moveTo(event.position)) return;
    this.#events.push(event);
    this.#bytes += event.size;
    this.#wasFull ||= this.full;
    this.#notify();
  }

  /** Past what the follower does not want. False when it was there before. */
  moveTo(position: bigint): boolean {
    if (this.#ended || (this.#reached !== undefined && position <= this.#reached)) return false;
    this.#reached = position;
    return true;
  }

  /** Also tells the follower, though it gets no event. */
  checkpoint(position: bigint): void {
    this.moveTo(position);
    this.#moved = true;
    this.#notify();
  }

  caughtUp(): void {
    if (this.#ended) return;
    this.#beforeEnd = this.#events.length;
    this.#notify();
  }

  end(error?: Error): void {
    this.#ended ??= { error };
    this.live = false;
    this.#notify();
  }

  /** True when there is something to take, false when nothing will come any more; throws what broke the source. */
  async arrival(signal: AbortSignal): Promise<boolean> {
    await this.#until(() => this.#events.length > 0 || this.#moved || this.#isLast, signal);
    if (signal.aborted) return false;
    if (this.#events.length > 0 || this.#moved || this.#beforeEnd !== undefined) return true;
    if (this.#ended?.error) throw this.#ended.error;
    return false;
  }

  /** Waits until so many have arrived, though not past the end of the log nor with a source that waits for room. */
  async fill(count: number, ms: number, signal: AbortSignal): Promise<void> {
    const isFilled = (): boolean => this.#events.length >= count || this.#halfFull || this.#isLast;
    if (isFilled()) return;
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.#wake?.();
    }, ms);
    await this.#until(() => late || isFilled(), signal);
    clearTimeout(timer);
  }

  take(maxCount: number): Batch {
    const events = this.#events.splice(0, maxCount);
    for (const event of events) this.#bytes -= event.size;
    const isEmpty = this.#events.length === 0;
    const caughtUp = this.#beforeEnd !== undefined && this.#beforeEnd <= events.length;
    if (caughtUp) this.#beforeEnd = undefined;
    else if (this.#beforeEnd !== undefined) this.#beforeEnd -= events.length;
    if (isEmpty) this.#moved = false;
    if (this.#wasFull && !this.#halfFull) {
      this.#wasFull = false;
      this.#onRoom();
    }
    return { events, position: isEmpty ? this.#reached : events.at(-1)?.position, caughtUp };
  }

  /** Whether nobody knows of more to come. */
  get #isLast(): boolean {
    return this.#beforeEnd !== undefined || this.#ended !== undefined;
  }

  async #until(ready: () => boolean, signal: AbortSignal): Promise<void> {
    const wake = (): void => this.#wake?.();
    signal.addEventListener("abort", wake);
    while (!ready() && !signal.aborted) {
      const something = Promise.withResolvers<void>();
      this.#wake = something.resolve;
      await something.promise;
    }
    this.#wake = undefined;
    signal.removeEventListener("abort", wake);
  }

  /** At the end of this turn, so that everything that arrives in one turn is taken together. */
  #notify(): void {
    if (this.#wake) setImmediate(this.#wake);
    this.#wake = undefined;
  }
}
