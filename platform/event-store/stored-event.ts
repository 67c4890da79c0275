// An event as the store keeps it: what we write, and what comes back.
export interface EventMetadata {
  /** The version of the event's schema when it was written. */
  readonly schema: number;
  /** When it happened, ISO 8601, by the clock of who decided it. */
  readonly at: string;
  readonly trace?: string;
  /** The span that a producer was in, where it said so: what caused an event that no event caused. */
  readonly parent?: string;
  readonly causation?: string;
  readonly correlation?: string;
  /** The person or token that caused it. */
  readonly by?: string;
}

export interface NewEvent {
  /** A UUID; deterministic ids make a repeated append recognisable. */
  readonly id: string;
  readonly type: string;
  readonly data: unknown;
  readonly metadata: EventMetadata;
}

/** What decoding needs to know of an event, wherever it came from: the store or a mailbox. */
export interface RawEvent {
  readonly stream: string;
  readonly revision: bigint;
  readonly type: string;
  /** The schema version that `data` was written in. */
  readonly version: number;
  readonly data: unknown;
}

export interface StoredEvent extends RawEvent {
  readonly id: string;
  /** Its place in the whole log. */
  readonly position: bigint;
  readonly metadata: EventMetadata;
  readonly created: Date;
  /** The JSON text of `data` and `metadata` as the store keeps it; undefined where they did not come as such. */
  readonly rawData?: Uint8Array | undefined;
  readonly rawMetadata?: Uint8Array | undefined;
}
