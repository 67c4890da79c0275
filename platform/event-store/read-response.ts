// ReadResp, decoded: what the client's generated code does with objects for each part, for the message that flows all the time.
import protobuf from "protobufjs/minimal.js";
import { type RecordedEvent, readRecorded } from "./recorded-event.ts";
import { endOfNested, nested, readUint64, varint } from "./wire.ts";

/** Field numbers of event_store.client.streams.ReadResp and its parts. */
const RESPONSE = { event: 1, checkpoint: 3, streamNotFound: 4, caughtUp: 8, fellBehind: 9 };
const READ_EVENT = { event: 1, commitPosition: 3 };
const CHECKPOINT = { commit: 1 };

export type ReadMessage =
  | {
      readonly kind: "event";
      /** Undefined for what is no user event: the system's own, and links whose event is gone. */
      readonly event: RecordedEvent | undefined;
      readonly position: bigint;
    }
  /** The store has read this far without a match. */
  | { readonly kind: "checkpoint"; readonly position: bigint }
  | { readonly kind: "caught_up" }
  | { readonly kind: "fell_behind" }
  | { readonly kind: "stream_not_found" }
  /** What nobody here asks for: the confirmation of a subscription, and what newer stores may say. */
  | { readonly kind: "other" };

export function decodeRead(bytes: Buffer): ReadMessage {
  const reader = protobuf.Reader.create(bytes);
  let message: ReadMessage = { kind: "other" };
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    switch (tag) {
      case nested(RESPONSE.event):
        message = readEvent(reader, bytes);
        break;
      case nested(RESPONSE.checkpoint):
        message = { kind: "checkpoint", position: readCheckpoint(reader) };
        break;
      case nested(RESPONSE.streamNotFound):
        message = { kind: "stream_not_found" };
        reader.skipType(tag & 7);
        break;
      case nested(RESPONSE.caughtUp):
        message = { kind: "caught_up" };
        reader.skipType(tag & 7);
        break;
      case nested(RESPONSE.fellBehind):
        message = { kind: "fell_behind" };
        reader.skipType(tag & 7);
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  return message;
}

function readEvent(reader: protobuf.Reader, bytes: Buffer): ReadMessage {
  const end = endOfNested(reader);
  let recorded: RecordedEvent | undefined;
  let position = 0n;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === nested(READ_EVENT.event)) recorded = readRecorded(reader, bytes);
    else if (tag === varint(READ_EVENT.commitPosition)) position = readUint64(reader);
    else reader.skipType(tag & 7);
  }
  const event = recorded?.type.startsWith("$") ? undefined : recorded;
  return { kind: "event", event, position: recorded?.position || position };
}

function readCheckpoint(reader: protobuf.Reader): bigint {
  const end = endOfNested(reader);
  let commit = 0n;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === varint(CHECKPOINT.commit)) commit = readUint64(reader);
    else reader.skipType(tag & 7);
  }
  return commit;
}
