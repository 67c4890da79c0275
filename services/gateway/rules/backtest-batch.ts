// Events as they go from the thread that reads the log to one that decides: all their data in one piece of memory, which is handed over
// and not copied.
import type { RawEvent, StoredEvent } from "#platform/event-store/stored-event.ts";

export interface Batch {
  /** In the order of the log. */
  readonly number: number;
  readonly events: readonly Pick<BatchedEvent, "stream" | "revision" | "type" | "version" | "at">[];
  /** The JSON of their data, one after the other. */
  readonly data: Uint8Array<ArrayBuffer>;
  /** Where the data of each ends. */
  readonly ends: Uint32Array<ArrayBuffer>;
}

export interface BatchedEvent extends RawEvent {
  /** When it happened. */
  readonly at: string;
}

/** Leaves out what has no JSON: it is nothing that we wrote. */
export function batchOf(number: number, stored: readonly StoredEvent[]): Batch {
  const readable = stored.filter(({ rawData }) => rawData !== undefined);
  const sizes = readable.map(({ rawData }) => rawData?.length ?? 0);
  const data = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0));
  const ends = new Uint32Array(readable.length);
  let at = 0;
  for (const [n, { rawData }] of readable.entries()) {
    data.set(rawData as Uint8Array, at);
    at += sizes[n] as number;
    ends[n] = at;
  }
  const events = readable.map(({ stream, revision, type, version, metadata }) => ({
    stream,
    revision,
    type,
    version,
    at: metadata.at,
  }));
  return { number, events, data, ends };
}

export function* eventsIn({ events, data, ends }: Batch): Generator<BatchedEvent> {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  let start = 0;
  for (const [n, event] of events.entries()) {
    const end = ends[n] as number;
    const parsed = parse(bytes.toString("utf8", start, end));
    start = end;
    if (parsed !== undefined) yield { ...event, data: parsed };
  }
}

/** Undefined for what is no JSON, whatever it says it is. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
