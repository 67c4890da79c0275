// Between a domain's typed events and what the store keeps: a version on the way in; upcast, then validate on the way out.
import type { ZodError, ZodType, z } from "zod";
import type { EventMetadata, NewEvent, RawEvent } from "./stored-event.ts";

interface EventDefinition {
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
type EncodeMeta = Omit<EventMetadata, "schema"> & { readonly id: string };

type Decoded<E> =
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

/** Another process may be able to read it: one of the release that wrote it. */
export class WrittenByNewerRelease extends UnreadableEvent {
  override name = "WrittenByNewerRelease";

  constructor(raw: RawEvent, knownVersion: number) {
    super(raw, "", `written by a newer release; this one knows version ${knownVersion}`);
  }
}

const pathOf = (error: ZodError): { path: string; why: string } => {
  const issue = error.issues[0];
  // The code, not the message: a message may quote what was found.
  return { path: issue?.path.join(".") ?? "", why: issue?.code ?? "invalid" };
};

/** An event that its own schema refuses must never be written: it could never be read. */
export class UnwritableEvent extends Error {
  override name = "UnwritableEvent";
}

function checkUpcasts(definitions: EventDefinitions): void {
  for (const [type, { version, upcasts }] of Object.entries(definitions)) {
    for (let from = 1; from < version; from++) {
      if (!upcasts?.[from]) throw new Error(`${type} has no upcast from version ${from}`);
    }
  }
}

function upcast(raw: RawEvent, { version, upcasts }: EventDefinition): unknown {
  if (raw.version > version) throw new WrittenByNewerRelease(raw, version);
  let data = raw.data;
  for (let from = raw.version; from < version; from++) {
    const step = upcasts?.[from];
    if (!step) throw new UnreadableEvent(raw, "", `no upcast from version ${from}`);
    try {
      data = step(data);
    } catch {
      throw new UnreadableEvent(raw, "", `the upcast from version ${from} failed`);
    }
  }
  return data;
}

export function createCodec<const D extends EventDefinitions>(definitions: D): Codec<EventOf<D>> {
  checkUpcasts(definitions);
  const byType = new Map<string, EventDefinition>(Object.entries(definitions));

  return {
    encode({ type, data }, { id, ...meta }) {
      const definition = byType.get(type);
      if (!definition) throw new UnwritableEvent(`${type} is not defined`);
      const checked = definition.schema.safeParse(data);
      if (!checked.success) {
        const { path, why } = pathOf(checked.error);
        throw new UnwritableEvent(`${type} can't be written at "${path}": ${why}`);
      }
      return { id, type, data, metadata: { schema: definition.version, ...meta } };
    },

    decode(raw) {
      const definition = byType.get(raw.type);
      if (!definition) return { known: false, type: raw.type };
      const checked = definition.schema.safeParse(upcast(raw, definition));
      if (!checked.success) {
        const { path, why } = pathOf(checked.error);
        throw new UnreadableEvent(raw, path, why);
      }
      // Which schema belongs to which type is what byType holds, but no type can say so.
      return { known: true, event: { type: raw.type, data: checked.data } as EventOf<D> };
    },
  };
}
