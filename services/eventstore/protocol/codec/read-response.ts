// ReadResp: events, and the markers between them.
import type { Recorded } from "../../engine/event-log.ts";
import { CONFIRMATION, POSITION, READ_EVENT, READ_RESP, STREAM_NOT_FOUND } from "./fields.ts";
import { writeStreamName } from "./target.ts";
import { encode, writeBytes, writeNested, writeString, writeUint64 } from "./wire.ts";

const LENGTH_DELIMITED = 2;

/** The one message that is sent by the ten thousand: the stored bytes are copied once, behind a prefix. */
export function encodeEvent(event: Recorded): Buffer {
  const position = Number(event.position);
  const wire = event.wire;
  const inner = 1 + varintSize(wire.length) + wire.length + 1 + varintSize(position);
  const bytes = Buffer.allocUnsafe(1 + varintSize(inner) + inner);
  bytes[0] = (READ_RESP.event << 3) | LENGTH_DELIMITED;
  let at = putVarint(bytes, 1, inner);
  bytes[at++] = (READ_EVENT.event << 3) | LENGTH_DELIMITED;
  at = putVarint(bytes, at, wire.length);
  bytes.set(wire, at);
  at += wire.length;
  bytes[at++] = READ_EVENT.commit_position << 3;
  putVarint(bytes, at, position);
  return bytes;
}

/** `event` is undefined where the link leads nowhere. */
export function encodeLink(link: Recorded, event: Recorded | undefined): Buffer {
  return encode((writer) =>
    writeNested(writer, READ_RESP.event, () => {
      if (event) writeBytes(writer, READ_EVENT.event, event.wire);
      writeBytes(writer, READ_EVENT.link, link.wire);
      writeUint64(writer, READ_EVENT.commit_position, link.position);
    }),
  );
}

export function encodeConfirmation(subscriptionId: string): Buffer {
  return encode((writer) =>
    writeNested(writer, READ_RESP.confirmation, () =>
      writeString(writer, CONFIRMATION.subscription_id, subscriptionId),
    ),
  );
}

export function encodeCheckpoint(position: bigint): Buffer {
  return encode((writer) =>
    writeNested(writer, READ_RESP.checkpoint, () => {
      writeUint64(writer, POSITION.commit_position, position);
      writeUint64(writer, POSITION.prepare_position, position);
    }),
  );
}

export function encodeStreamNotFound(stream: string): Buffer {
  return encode((writer) =>
    writeNested(writer, READ_RESP.stream_not_found, () =>
      writeStreamName(writer, STREAM_NOT_FOUND.stream_identifier, stream),
    ),
  );
}

export function encodeCaughtUp(): Buffer {
  return encode((writer) => writeNested(writer, READ_RESP.caught_up));
}

function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size += 1;
  return size;
}

function putVarint(bytes: Buffer, at: number, value: number): number {
  let rest = value;
  let end = at;
  while (rest >= 128) {
    bytes[end++] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  bytes[end++] = rest;
  return end;
}
