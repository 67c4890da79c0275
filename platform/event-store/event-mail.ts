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

export function packEvent(event: StoredEvent): Uint8Array {
  const { revision, position, created, ...rest } = event;
  const packed = {
    ...rest,
    revision: String(revision),
    position: String(position),
    created: created.toISOString(),
  };
  return Buffer.from(JSON.stringify(packed));
}

/** Throws when the message is none of ours. */
export function unpackEvent(message: Uint8Array): StoredEvent {
  return Packed.parse(JSON.parse(Buffer.from(message).toString("utf8"))) as StoredEvent;
}
