import type { Direction, PageBounds, RecordedEvent } from "./event-log.ts";

/** Besides the blob: an object, two bigints, two strings and a Buffer. */
const OVERHEAD_BYTES = 500;

/** The newest events in memory, so that live subscriptions never wait for the disk. Positions have no gaps. */
export class Tail {
  readonly #maxBytes: number;
  #events: (RecordedEvent | undefined)[] = [];
  /** Evicted events stay in front of the array until it is worth moving the rest. */
  #evicted = 0;
  #bytes = 0;
  /** The position of the first event that is still held. */
  #first: number;

  constructor(maxBytes: number, head: number) {
    this.#maxBytes = maxBytes;
    this.#first = head + 1;
  }

  push(event: RecordedEvent): void {
    this.#events.push(event);
    this.#bytes += event.wire.length + OVERHEAD_BYTES;
    while (this.#bytes > this.#maxBytes) this.#evict();
  }

  #evict(): void {
    const oldest = this.#events[this.#evicted];
    if (oldest === undefined) return;
    this.#events[this.#evicted] = undefined;
    this.#bytes -= oldest.wire.length + OVERHEAD_BYTES;
    this.#evicted += 1;
    this.#first += 1;
    if (this.#evicted < 1024 || this.#evicted * 8 < this.#events.length) return;
    this.#events = this.#events.slice(this.#evicted);
    this.#evicted = 0;
  }

  holds(position: number): boolean {
    return position >= this.#first && position < this.#first + this.#events.length - this.#evicted;
  }

  at(position: number): RecordedEvent | undefined {
    return this.holds(position) ? this.#events[position - this.#first + this.#evicted] : undefined;
  }

  /** As much of the page as is held, starting at `position`. */
  page(position: number, direction: Direction, bounds: PageBounds): RecordedEvent[] {
    const step = direction === "forwards" ? 1 : -1;
    const page: RecordedEvent[] = [];
    let bytes = 0;
    for (let next = this.at(position); next !== undefined; next = this.at(position)) {
      page.push(next);
      bytes += next.wire.length;
      position += step;
      if (page.length >= bounds.maxCount || bytes >= bounds.maxBytes) break;
    }
    return page;
  }
}
