// What the protocol may ask of the engine. Only the engine knows SQLite.

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

/** An event as it is stored: `wire` is the encoded RecordedEvent message, so a read only copies it. */
export interface RecordedEvent {
  readonly position: bigint;
  readonly stream: string;
  readonly revision: bigint;
  readonly type: string;
  readonly wire: Uint8Array;
}

/** Why a write was not done; `actual` is the stream's last revision, or NO_STREAM. */
type NotWritten =
  | { readonly outcome: "wrong_expected_version"; readonly actual: bigint }
  | { readonly outcome: "stream_tombstoned" };

export type AppendResult =
  | { readonly outcome: "appended"; readonly revision: bigint; readonly position: bigint | undefined }
  | { readonly outcome: "too_large"; readonly limit: number }
  | NotWritten;

export type DeleteResult = { readonly outcome: "deleted"; readonly position: bigint } | NotWritten;

export type Direction = "forwards" | "backwards";

/** A revision in a stream, a position in $all, or one of the ends. */
export type From = bigint | "start" | "end";

export interface Page {
  readonly outcome: "page" | "stream_not_found" | "stream_tombstoned";
  readonly events: readonly RecordedEvent[];
  /** Where the next page begins; undefined once there is nothing more to read. */
  readonly next: bigint | undefined;
}

/** A page ends at whichever bound is met first; it holds at least one event if there is one. */
export interface PageBounds {
  readonly maxCount: number;
  readonly maxBytes: number;
}

export const ONE_EVENT: PageBounds = { maxCount: 1, maxBytes: 1 };

/** All events up to the moment when it was whole. */
export interface LogCopy {
  readonly file: string;
  /** The position of its last event. */
  readonly head: bigint;
}

export interface EventLog {
  /** Resolves once the events are on disk (fsync), and no reader sees them earlier. Rejects with StoreUnavailable. */
  append(stream: string, expected: Expected, events: readonly ProposedEvent[]): Promise<AppendResult>;
  softDelete(stream: string, expected: Expected): Promise<DeleteResult>;
  tombstone(stream: string, expected: Expected): Promise<DeleteResult>;

  /** `from` is inclusive in both directions. */
  readStream(stream: string, from: From, direction: Direction, bounds: PageBounds): Page;
  /** `from` is inclusive forwards and exclusive backwards, as on the real server. */
  readAll(from: From, direction: Direction, bounds: PageBounds): Page;

  /** The position of the last durable event; 0 in an empty log. */
  readonly head: bigint;
  /** The last durable revision of a stream; NO_STREAM where there is none (also when it was deleted). */
  lastRevision(stream: string): bigint;
  /** Called after each group commit, when `head` has moved. Listeners must be cheap: they wake, they do not read. */
  onCommit(listener: () => void): () => void;

  /** Into a file of the data folder, while appends go on; one at a time, each replaces the one before. */
  copy(): Promise<LogCopy>;

  /** Writes what was submitted, then releases the data folder. */
  close(): Promise<void>;
}

/** The disk failed (full, read-only, I/O error). The writer may try again; the engine recovers by itself. */
export class StoreUnavailable extends Error {
  override name = "StoreUnavailable";
}

/** What is stored is not what was written (a flipped bit, a lost page, a truncated file). Nothing of it is served. */
export class CorruptLog extends Error {
  override name = "CorruptLog";
}

/** What one append may hold: data, metadata and twice the type's length, as the real server counts it. */
export const MAX_APPEND_BYTES = 1024 * 1024;
