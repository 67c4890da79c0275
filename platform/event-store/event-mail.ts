// An event on its way through the bus: the same event, as one JSON message; and how an actor reads it from its mailbox.
import type { Mail } from "../bus/mail.ts";
import type { Log } from "../log.ts";
import { type Codec, UnreadableEvent, WrittenByNewerRelease } from "./codec.ts";
import type { StoredEvent } from "./stored-event.ts";

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

/** Throws when the message is none of ours. Checked by hand, for every mail is read here and a schema takes ten times as long. */
export function unpackEvent(message: Uint8Array): StoredEvent {
  const { buffer, byteOffset, byteLength } = message;
  const packed: unknown = JSON.parse(Buffer.from(buffer, byteOffset, byteLength).toString("utf8"));
  if (!isPacked(packed)) throw new Error("the message is no event");
  const { id, stream, type, version, data } = packed;
  const { schema, at, trace, causation, correlation } = packed.metadata;
  return {
    id,
    stream,
    revision: BigInt(packed.revision),
    position: BigInt(packed.position),
    type,
    version,
    data,
    metadata: {
      schema,
      at,
      ...(trace !== undefined && { trace }),
      ...(causation !== undefined && { causation }),
      ...(correlation !== undefined && { correlation }),
    },
    created: new Date(packed.created),
  };
}

interface Packed extends Pick<StoredEvent, "id" | "stream" | "type" | "version" | "data" | "metadata"> {
  readonly revision: string;
  readonly position: string;
  readonly created: string;
}

function isPacked(value: unknown): value is Packed {
  const { id, stream, revision, position, type, version, metadata, created } = fieldsOf(value);
  const { schema, at, trace, causation, correlation } = fieldsOf(metadata);
  const areTexts = [id, stream, revision, position, type, created, at].every(
    (one) => typeof one === "string",
  );
  const areTextsIfThere = [trace, causation, correlation].every(
    (one) => one === undefined || typeof one === "string",
  );
  return areTexts && areTextsIfThere && typeof version === "number" && typeof schema === "number";
}

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};

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
