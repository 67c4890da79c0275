// The newest events of the tail, so that a follower which is nearly there need not ask the store.
import type { Bounds } from "./feed.ts";
import type { RecordedEvent } from "./recorded-event.ts";

export class RecentEvents {
  readonly #bounds: Bounds;
  readonly #events: RecordedEvent[] = [];
  #floor: bigint;
  #bytes = 0;

  constructor(floor: bigint, bounds: Bounds) {
    this.#floor = floor;
    this.#bounds = bounds;
  }

  /** Everything after this position is here. */
  get floor(): bigint {
    return this.#floor;
  }

  push(event: RecordedEvent): void {
    this.#events.push(event);
    this.#bytes += event.size;
    while (this.#events.length > this.#bounds.maxEvents || this.#bytes > this.#bounds.maxBytes) this.#evict();
  }

  after(position: bigint): readonly RecordedEvent[] {
    return this.#events.slice(this.#events.findLastIndex((event) => event.position <= position) + 1);
  }

  #evict(): void {
    const oldest = this.#events.shift() as RecordedEvent;
    this.#floor = oldest.position;
    this.#bytes -= oldest.size;
  }
}
