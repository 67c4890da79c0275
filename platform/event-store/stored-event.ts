// An event as the store keeps it: what we write, and what comes back.
import type { AllStreamResolvedEvent, RecordedEvent, ResolvedEvent } from "@eventstore/db-client";

export interface EventMetadata {
  /** The version of the event's schema when it was written. */
  readonly schema: number;
  /** When it happened, ISO 8601, by the clock of who decided it. */
  readonly at: string;
  readonly trace?: string;
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
}

/** Others may write to the same store, so nothing about their metadata is taken for granted. */
function metadataOf(recorded: RecordedEvent): EventMetadata {
  const given = recorded.metadata;
  const known = typeof given === "object" && given !== null && !(given instanceof Uint8Array) ? given : {};
  const { schema, at, ...rest } = known as Partial<EventMetadata>;
  return {
    ...rest,
    schema: typeof schema === "number" ? schema : 1,
    at: typeof at === "string" ? at : recorded.created.toISOString(),
  };
}

/** Undefined for what is no user event: the system's own, and links whose event is gone. */
export function toStoredEvent(resolved: ResolvedEvent | AllStreamResolvedEvent): StoredEvent | undefined {
  const recorded = resolved.event;
  if (recorded === undefined || recorded.type.startsWith("$")) return undefined;
  const metadata = metadataOf(recorded);
  return {
    id: recorded.id,
    stream: recorded.streamId,
    revision: recorded.revision,
    position: recorded.position?.commit ?? resolved.commitPosition ?? 0n,
    type: recorded.type,
    version: metadata.schema,
    data: recorded.data,
    metadata,
    created: recorded.created,
  };
}
