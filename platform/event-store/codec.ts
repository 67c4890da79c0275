// Between a domain's typed events and what the store keeps: a version on the way in; upcast, then validate on the way out.
import type { ZodType, z } from "zod";
import type { EventMetadata, NewEvent, RawEvent } from "./stored-event.ts";

export interface EventDefinition {
  /** The version that is written today; the first is 1. */
  readonly version: number;
  readonly schema: ZodType;
  /** `upcasts[n]` turns the data of version n into that of version n + 1. */
  readonly upcasts?: Readonly<Record<number, (data: unknown) => unknown>>;
}

export type EventDefinitions = Readonly<Record<string, EventDefinition>>;

/** The discriminated union of all events that `definitions` declare. */
export type EventOf<D extends EventDefinitions> = {
  [T in keyof D & string]: { readonly type: T; readonly data: z.infer<D[T]["schema"]> };
}[keyof D & string];

/** Who encodes says when and why; the codec adds the schema version. */
export type EncodeMeta = Omit<EventMetadata, "schema"> & { readonly id: string };

export type Decoded<E> =
  | { readonly known: true; readonly event: E }
  | { readonly known: false; readonly type: string };

export interface Codec<E extends { readonly type: string; readonly data: unknown }> {
  encode(event: E, meta: EncodeMeta): NewEvent;
  /** Throws UnreadableEvent when the data fits no schema that we know. */
  decode(raw: RawEvent): Decoded<E>;
}

/** A stored event that can't be read. It names where, never what the data was. */
export class UnreadableEvent extends Error {
  override name = "UnreadableEvent";
  readonly stream: string;
  readonly revision: bigint;
  readonly type: string;
  readonly path: string;

  constructor(raw: RawEvent, path: string, why: string) {
    super(`${raw.stream}@${raw.revision} (${raw.type} v${raw.version}) can't be read at "${path}": ${why}`);
    this.stream = raw.stream;
    this.revision = raw.revision;
    this.type = raw.type;
    this.path = path;
  }
}

export function createCodec<const D extends EventDefinitions>(_definitions: D): Codec<EventOf<D>> {
  throw new Error("not yet");
}
