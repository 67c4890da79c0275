// Reads by the rules of the real server: what deletion, truncation, count and age hide is hidden here.
import { type Direction, type From, NO_STREAM, ONE_EVENT, type Page, type PageBounds } from "./event-log.ts";
import type { LogState } from "./log-state.ts";
import { createdMsOf } from "./recorded-event.ts";
import { firstVisible, isMetastream, originalOf, type StreamHead } from "./stream-head.ts";

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

  readStream(stream: string, from: From, direction: Direction, bounds: PageBounds): Page {
    const head = this.#state.streamHead(stream);
    const outcome = this.#outcome(head);
    if (outcome !== "page") return { outcome, events: [], next: undefined };
    const first = this.#firstReadable(head);
    const forwards = direction === "forwards";
    const start = forwards
      ? Math.max(first, numberOf(from, head.last + 1))
      : Math.min(head.last, numberOf(from, head.last));
    const left = forwards ? head.last - start + 1 : start - first + 1;
    const maxCount = Math.min(bounds.maxCount, left);
    const events =
      maxCount > 0 ? this.#state.storage.readStream(head, start, direction, { ...bounds, maxCount }) : [];
    const more = events.length > 0 && left > events.length;
    const next = forwards ? start + events.length : start - events.length;
    return { outcome, events, next: more ? BigInt(next) : undefined };
  }

  #outcome(head: StreamHead): Page["outcome"] {
    const isTombstoned = (stream: string): boolean => this.#state.streamHead(stream).life === "tombstoned";
    if (head.life === "tombstoned") return "stream_tombstoned";
    if (isMetastream(head.name) && isTombstoned(originalOf(head.name))) return "stream_tombstoned";
    return head.life === "deleted" || head.last < 0 ? "stream_not_found" : "page";
  }

  /** The oldest event that is young enough is found by bisection: events were recorded in the order of their age. */
  #firstReadable(head: StreamHead): number {
    let low = firstVisible(head);
    const { maxAgeSeconds } = head.retention;
    if (maxAgeSeconds === 0) return low;
    const oldest = this.#now() - maxAgeSeconds * 1000;
    let high = head.last + 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const [event] = this.#state.storage.readStream(head, middle, "forwards", ONE_EVENT);
      if (event !== undefined && createdMsOf(event.wire) < oldest) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  readAll(from: From, direction: Direction, bounds: PageBounds): Page {
    const { head, tail, storage } = this.#state;
    const forwards = direction === "forwards";
    // Backwards the event at `from` is not read itself.
    const start = forwards
      ? Math.max(1, numberOf(from, head + 1))
      : Math.min(head, numberOf(from, head + 1) - 1);
    const left = forwards ? head - start + 1 : start;
    const maxCount = Math.min(bounds.maxCount, left);
    if (maxCount <= 0) return { outcome: "page", events: [], next: undefined };
    const events = tail.holds(start)
      ? tail.page(start, direction, { ...bounds, maxCount })
      : storage.readAll(start, direction, { ...bounds, maxCount });
    const next = forwards ? start + events.length : start - events.length + 1;
    return { outcome: "page", events, next: left > events.length ? BigInt(next) : undefined };
  }
}

function numberOf(from: From, end: number): number {
  if (from === "start") return 0;
  return from === "end" ? end : Number(from);
}
