// An event on its way through the bus: the same event, as one JSON message; and how an actor reads it from its mailbox.
import { z } from "zod";
import type { Mail } from "../bus/mail.ts";
import type { Log } from "../log.ts";
import { type Codec, UnreadableEvent, WrittenByNewerRelease } from "./codec.ts";
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

/** A mail with the event that is in it, to be answered by whoever reads it. */
export interface EventMail<Event> {
  readonly mail: Mail;
  readonly stored: StoredEvent;
  readonly event: Event;
}

/** Its data fit no schema, and no other release is known to read it: whoever reads the mailbox decides what becomes of it. */
export interface UnreadableMail {
  readonly mail: Mail;
  readonly stored: StoredEvent;
  readonly event: undefined;
  readonly error: UnreadableEvent;
}

const PARKED_MS = 60_000;

/**
 * Undefined where there is nothing to do with the mail; then it is answered. What another release may read comes again later, what is
 * no event never does.
 */
export function readEventMail<Event extends { readonly type: string; readonly data: unknown }>(
  mail: Mail,
  codec: Codec<Event>,
  log: Log,
): EventMail<Event> | UnreadableMail | undefined {
  const { seq, subject } = mail;
  let stored: StoredEvent;
  try {
    stored = unpackEvent(mail.data);
  } catch {
    // Without the error: its message may quote what is in the mail.
    log.error({ seq, subject }, "mail discarded, it holds no event");
    mail.term();
    return undefined;
  }
  try {
    const decoded = codec.decode(stored);
    if (decoded.known) return { mail, stored, event: decoded.event };
    parkMail(mail, stored, "its type is unknown to this release", log);
    return undefined;
  } catch (error) {
    if (error instanceof WrittenByNewerRelease) {
      parkMail(mail, stored, error.message, log);
      return undefined;
    }
    if (!(error instanceof UnreadableEvent)) throw error;
    return { mail, stored, event: undefined, error };
  }
}

/** It comes again after a while, perhaps to a process of another release. */
export function parkMail(mail: Mail, { stream, type, id }: StoredEvent, reason: string, log: Log): void {
  log.error({ seq: mail.seq, stream, type, event_id: id, reason }, "mail parked");
  mail.nak(PARKED_MS);
}
