// An event on its way through the bus: the same event, as one JSON message.
import { z } from "zod";
import type { StoredEvent } from "./stored-event.ts";

const Packed = z.object({
  id: z.string(),
  stream: z.string(),
  revision: z.string().transform(BigInt),
  position: z.string().transform(BigInt),
  type: z.string(),
  version: z.number(),
  data: z.unknown(),
  metadata: z.object({
    schema: z.number(),
    at: z.string(),
    trace: z.string().optional(),
    causation: z.string().optional(),
    correlation: z.string().optional(),
  }),
  created: z.string().transform((text) => new Date(text)),
});

/** `data` and `metadata` are the bytes that the store keeps, where it keeps JSON: neither read nor written anew. */
export function packEvent(event: StoredEvent): Uint8Array {
  const { id, stream, type, version } = event;
  const rest = {
    id,
    stream,
    revision: String(event.revision),
    position: String(event.position),
    type,
    version,
    created: event.created.toISOString(),
  };
  // What is not ours comes first: where a name is said twice the last one counts, so nothing in it can pass for what we say.
  return Buffer.concat([
    DATA,
    event.rawData ?? jsonOf(event.data),
    METADATA,
    event.rawMetadata ?? jsonOf(event.metadata),
    COMMA,
    jsonOf(rest).subarray(1),
  ]);
}

const DATA = Buffer.from('{"data":');
const METADATA = Buffer.from(',"metadata":');
const COMMA = Buffer.from(",");
// What JSON has no word for, such as undefined, becomes null.
const jsonOf = (value: unknown): Buffer => Buffer.from(JSON.stringify(value) ?? "null");

/** Throws when the message is none of ours. */
export function unpackEvent(message: Uint8Array): StoredEvent {
  return Packed.parse(JSON.parse(Buffer.from(message).toString("utf8"))) as StoredEvent;
}
