// ReadResp: events, and the messages between them.
import type { RecordedEvent } from "../../engine/event-log.ts";
import {
  encode,
  writeBytes,
  writeNested,
  writeStreamName,
  writeString,
  writeUint64,
} from "../../protobuf.ts";

const READ_RESP = { event: 1, confirmation: 2, checkpoint: 3, stream_not_found: 4, caught_up: 8 } as const;
const READ_EVENT = { event: 1, link: 2, commit_position: 3 } as const;
const CONFIRMATION = { subscription_id: 1 } as const;
const CHECKPOINT = { commit_position: 1, prepare_position: 2 } as const;
const STREAM_NOT_FOUND = { stream_identifier: 1 } as const;

const LENGTH_DELIMITED = 2;

/** The one message that is sent by the ten thousand: the stored bytes are copied once, behind a prefix. */
export function encodeEvent({ position, wire }: RecordedEvent): Buffer {
  const commitPosition = Number(position);
  const length = 1 + varintSize(wire.length) + wire.length + 1 + varintSize(commitPosition);
  const bytes = Buffer.allocUnsafe(1 + varintSize(length) + length);
  bytes[0] = (READ_RESP.event << 3) | LENGTH_DELIMITED;
  let at = putVarint(bytes, 1, length);
  bytes[at++] = (READ_EVENT.event << 3) | LENGTH_DELIMITED;
  at = putVarint(bytes, at, wire.length);
  bytes.set(wire, at);
  at += wire.length;
  bytes[at++] = READ_EVENT.commit_position << 3;
  putVarint(bytes, at, commitPosition);
  return bytes;
}

function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size += 1;
  return size;
}

/** Returns where the next byte goes. */
function putVarint(bytes: Buffer, at: number, value: number): number {
  let rest = value;
  let next = at;
  while (rest >= 128) {
    bytes[next++] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  bytes[next++] = rest;
  return next;
}

/** `event` is undefined where the link leads nowhere. */
export function encodeLink(link: RecordedEvent, event: RecordedEvent | undefined): Buffer {
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
      writeUint64(writer, CHECKPOINT.commit_position, position);
      writeUint64(writer, CHECKPOINT.prepare_position, position);
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
