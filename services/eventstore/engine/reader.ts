// Reads by the rules of the real server: what deletion, truncation, count and age hide is hidden here.
import {
  type AllPage,
  type Direction,
  NO_STREAM,
  type PageBounds,
  type Recorded,
  type StreamPage,
} from "./event-log.ts";
import type { LogState } from "./log-state.ts";
import { firstVisible, isMetastream, originalOf, type StreamHead } from "./stream-head.ts";
import { createdMsOf } from "./wire.ts";

type From = bigint | "start" | "end";

const ONE = { maxCount: 1, maxBytes: 1 };

export class Reader {
  readonly #state: LogState;
  readonly #now: () => number;

  constructor(state: LogState, now: () => number) {
    this.#state = state;
    this.#now = now;
  }

  lastRevision(stream: string): bigint {
    const head = this.#state.streamHead(stream);
    return this.#outcome(head) === "page" ? BigInt(head.last) : NO_STREAM;
  }

  #outcome(head: StreamHead): StreamPage["outcome"] {
    const gone = (stream: string): boolean => this.#state.streamHead(stream).life === "tombstoned";
    if (head.life === "tombstoned") return "stream_tombstoned";
    if (isMetastream(head.name) && gone(originalOf(head.name))) return "stream_tombstoned";
    return head.life === "deleted" || head.last < 0 ? "stream_not_found" : "page";
  }

  readStream(stream: string, from: From, direction: Direction, bounds: PageBounds): StreamPage {
    const head = this.#state.streamHead(stream);
    const outcome = this.#outcome(head);
    if (outcome !== "page") return { outcome, events: [], next: undefined, lastRevision: NO_STREAM };
    const lowest = this.#lowestReadable(head);
    const step = direction === "forwards" ? 1 : -1;
    const start =
      direction === "forwards"
        ? Math.max(lowest, place(from, head.last + 1))
        : Math.min(head.last, place(from, head.last));
    const left = direction === "forwards" ? head.last - start + 1 : start - lowest + 1;
    const maxCount = Math.min(bounds.maxCount, left);
    const events =
      maxCount > 0 ? this.#state.storage.readStream(head, start, direction, { ...bounds, maxCount }) : [];
    const next = start + step * events.length;
    return {
      outcome,
      events,
      next: left > events.length && events.length > 0 ? BigInt(next) : undefined,
      lastRevision: BigInt(head.last),
    };
  }

  /** Events were recorded in the order of their age, so the oldest that is young enough is found by halving. */
  #lowestReadable(head: StreamHead): number {
    let low = firstVisible(head);
    const { maxAgeSeconds } = head.retention;
    if (maxAgeSeconds === 0) return low;
    const oldest = this.#now() - maxAgeSeconds * 1000;
    let high = head.last + 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const [event] = this.#state.storage.readStream(head, middle, "forwards", ONE);
      if (event !== undefined && createdMsOf(event.wire) < oldest) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  readAll(from: From, direction: Direction, bounds: PageBounds): AllPage {
    const { head } = this.#state;
    // Backwards the given position is not read itself.
    const start =
      direction === "forwards"
        ? Math.max(1, place(from, head + 1))
        : Math.min(head, place(from, head + 1) - 1);
    const left = direction === "forwards" ? head - start + 1 : start;
    if (left <= 0 || bounds.maxCount <= 0) return { events: [], next: undefined };
    const events = this.#newestOrStored(start, direction, {
      ...bounds,
      maxCount: Math.min(bounds.maxCount, left),
    });
    if (left <= events.length) return { events, next: undefined };
    const last = start + (direction === "forwards" ? 1 : -1) * (events.length - 1);
    return { events, next: BigInt(direction === "forwards" ? last + 1 : last) };
  }

  #newestOrStored(start: number, direction: Direction, bounds: PageBounds): Recorded[] {
    return this.#state.tail.holds(start)
      ? this.#state.tail.page(start, direction, bounds)
      : this.#state.storage.readAll(start, direction, bounds);
  }
}

function place(from: From, end: number): number {
  if (from === "start") return 0;
  return from === "end" ? end : Number(from);
}
