// A place in a stream or in $all that moves as it is read, so that reads and subscriptions are one loop over pages.
import type { Direction, EventLog, From, RecordedEvent } from "../engine/event-log.ts";
import type { ReadSource } from "./codec/read-request.ts";
import { invalidArgument, streamDeleted } from "./errors.ts";

interface CursorPage {
  readonly found: boolean;
  readonly events: readonly RecordedEvent[];
  /** Whether reading on at once may find more. */
  readonly more: boolean;
}

/** Small enough that one page in flight to each of a thousand slow readers is still little memory. */
const PAGE_BYTES = 256 * 1024;
export const PAGE_EVENTS = 512;

export class Cursor {
  readonly #log: EventLog;
  readonly #stream: string | undefined;
  readonly #direction: Direction;
  #place: From;

  constructor(log: EventLog, { stream, from }: ReadSource, direction: Direction) {
    if (stream === "") throw invalidArgument("A stream's name can't be empty.");
    this.#log = log;
    this.#stream = stream;
    this.#direction = direction;
    this.#place = from;
  }

  /** Throws where the stream is tombstoned. */
  read(maxCount: number): CursorPage {
    const stream = this.#stream;
    const bounds = { maxCount, maxBytes: PAGE_BYTES };
    const { outcome, events, next } =
      stream === undefined
        ? this.#log.readAll(this.#place, this.#direction, bounds)
        : this.#log.readStream(stream, this.#place, this.#direction, bounds);
    if (outcome === "stream_tombstoned") throw streamDeleted(stream ?? "$all");
    this.#place = next ?? this.#behind(events.at(-1));
    return { found: outcome === "page", events, more: next !== undefined };
  }

  #behind(last: RecordedEvent | undefined): From {
    if (last === undefined) return this.#place;
    const place = this.#stream === undefined ? last.position : last.revision;
    return this.#direction === "forwards" ? place + 1n : place;
  }
}

/** A subscription begins behind the place that it names, and "end" is now. */
export function subscriptionStart(log: EventLog, { stream, from }: ReadSource): ReadSource {
  if (from === "start") return { stream, from };
  if (from !== "end") return { stream, from: from + 1n };
  return { stream, from: (stream === undefined ? log.head : log.lastRevision(stream)) + 1n };
}
