// A place in a stream or in $all that moves as it is read, so that reads and subscriptions are one loop over pages.
import type { Direction, EventLog, Recorded } from "../engine/event-log.ts";
import type { ReadSource } from "./codec/read-request.ts";

interface CursorPage {
  readonly outcome: "page" | "stream_not_found" | "stream_tombstoned";
  readonly events: readonly Recorded[];
  /** Whether reading on at once may find more. */
  readonly more: boolean;
}

export interface Cursor {
  read(maxCount: number): CursorPage;
}

/** Small enough that one page in flight to each of a thousand slow readers is still little memory. */
const PAGE_BYTES = 256 * 1024;
export const PAGE_EVENTS = 512;

export function openCursor(log: EventLog, { stream, from }: ReadSource, direction: Direction): Cursor {
  let place = from;
  const step = direction === "forwards" ? 1n : 0n;
  const bounds = (maxCount: number): { maxCount: number; maxBytes: number } => ({
    maxCount,
    maxBytes: PAGE_BYTES,
  });

  if (stream === undefined) {
    return {
      read(maxCount) {
        const { events, next } = log.readAll(place, direction, bounds(maxCount));
        const last = events.at(-1);
        if (next !== undefined) place = next;
        else if (last) place = last.position + step;
        return { outcome: "page", events, more: next !== undefined };
      },
    };
  }
  return {
    read(maxCount) {
      const { outcome, events, next } = log.readStream(stream, place, direction, bounds(maxCount));
      const last = events.at(-1);
      if (next !== undefined) place = next;
      else if (last) place = last.revision + step;
      return { outcome, events, more: next !== undefined };
    },
  };
}

/** A subscription begins behind the place that it names, and "end" is now. */
export function behind(log: EventLog, { stream, from }: ReadSource): ReadSource {
  if (from === "start") return { stream, from };
  if (from !== "end") return { stream, from: from + 1n };
  return { stream, from: (stream === undefined ? log.head : log.lastRevision(stream)) + 1n };
}
