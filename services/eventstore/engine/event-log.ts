// What the protocol rooms may ask of the engine. The engine alone knows SQLite.

export const NO_STREAM = -1n;

/** What the writer believes about the stream; the engine decides whether it is right. */
export type Expected =
  | { readonly kind: "any" }
  | { readonly kind: "no_stream" }
  | { readonly kind: "stream_exists" }
  | { readonly kind: "revision"; readonly revision: bigint };

export interface ProposedEvent {
  /** Lower-case UUID. */
  readonly id: string;
  readonly type: string;
  readonly contentType: string;
  readonly data: Uint8Array;
  readonly customMetadata: Uint8Array;
}

/** An event as it is stored: `wire` is the encoded RecordedEvent message, so that a read only has to copy it. */
export interface Recorded {
  readonly position: bigint;
  readonly stream: string;
  readonly revision: bigint;
  readonly type: string;
  readonly wire: Uint8Array;
}

/** The revision that a refused writer is told: NO_STREAM where there is none. */
type ActualRevision = bigint;

export type AppendResult =
  | { readonly outcome: "appended"; readonly revision: bigint; readonly position: bigint | undefined }
  | { readonly outcome: "wrong_expected_version"; readonly actual: ActualRevision }
  | { readonly outcome: "stream_tombstoned" }
  | { readonly outcome: "too_large"; readonly limit: number };

export type DeleteResult =
  | { readonly outcome: "deleted"; readonly position: bigint }
  | { readonly outcome: "wrong_expected_version"; readonly actual: ActualRevision }
  | { readonly outcome: "stream_tombstoned" };

export type Direction = "forwards" | "backwards";

export interface StreamPage {
  readonly outcome: "page" | "stream_not_found" | "stream_tombstoned";
  readonly events: readonly Recorded[];
  /** Where the next page begins; undefined once there is nothing more to read. */
  readonly next: bigint | undefined;
  readonly lastRevision: bigint;
}

export interface AllPage {
  readonly events: readonly Recorded[];
  readonly next: bigint | undefined;
}

/** A page ends at whichever bound is met first; it holds at least one event if there is one. */
export interface PageBounds {
  readonly maxCount: number;
  readonly maxBytes: number;
}

export interface EventLog {
  /** Resolves once the events are on disk (fsync), and no reader sees them earlier. Rejects with StoreUnavailable. */
  append(stream: string, expected: Expected, events: readonly ProposedEvent[]): Promise<AppendResult>;
  softDelete(stream: string, expected: Expected): Promise<DeleteResult>;
  tombstone(stream: string, expected: Expected): Promise<DeleteResult>;

  /** `from` is inclusive in both directions; `"end"` and `"start"` are the extremes. */
  readStream(
    stream: string,
    from: bigint | "start" | "end",
    direction: Direction,
    bounds: PageBounds,
  ): StreamPage;
  /** Forwards inclusive, backwards exclusive, as the real server reads $all. */
  readAll(from: bigint | "start" | "end", direction: Direction, bounds: PageBounds): AllPage;

  /** The position of the last durable event; 0 in an empty log. */
  readonly head: bigint;
  /** The last durable revision of a stream; NO_STREAM where there is none (also when it was deleted). */
  lastRevision(stream: string): bigint;
  /** Called after each group commit, when `head` has moved. Listeners must be cheap: they wake, they do not read. */
  onCommit(listener: () => void): () => void;
}

/** The disk refused (full, read-only, I/O error). The writer may try again; the engine recovers by itself. */
export class StoreUnavailable extends Error {
  override name = "StoreUnavailable";
}

/** What is stored is not what was written (a flipped bit, a lost page, a truncated file). Nothing of it is served. */
export class CorruptLog extends Error {
  override name = "CorruptLog";
}

/** What one append may hold: data, metadata and twice the type's length, as the real server counts it. */
export const MAX_APPEND_BYTES = 1024 * 1024;
