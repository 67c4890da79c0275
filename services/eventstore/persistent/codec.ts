// The messages of Read, by hand: one goes out for each event and one comes back.
import { idOf } from "../engine/wire.ts";
import { STRUCTURED_UUID, UUID } from "../protocol/codec/fields.ts";
import type { Resolved } from "../protocol/codec/read-response.ts";
import { readStreamName } from "../protocol/codec/target.ts";
import type { Reader } from "../protocol/codec/wire.ts";
import {
  encode,
  readMessage,
  readNested,
  readUint64,
  writeBytes,
  writeNested,
  writeString,
  writeUint32,
  writeUint64,
} from "../protocol/codec/wire.ts";
import type { NackAction } from "./exchange.ts";
import { ALL } from "./settings.ts";

const READ_REQ = { options: 1, ack: 2, nack: 3 } as const;
const OPTIONS = { stream_identifier: 1, group_name: 2, buffer_size: 3, all: 5 } as const;
const ACK = { ids: 2 } as const;
const NACK = { ids: 2, action: 3, reason: 4 } as const;
const READ_RESP = { event: 1, subscription_confirmation: 2 } as const;
const CONFIRMATION = { subscription_id: 1 } as const;
const READ_EVENT = { event: 1, link: 2, commit_position: 3, retry_count: 5 } as const;

/** By their numbers on the wire; what a client leaves unknown is tried again. */
const NACK_ACTIONS: readonly NackAction[] = ["retry", "park", "retry", "skip", "stop"];

export type ReadRequest =
  | {
      readonly kind: "options";
      readonly source: string;
      readonly group: string;
      readonly bufferSize: number;
    }
  | { readonly kind: "ack"; readonly ids: readonly string[] }
  | {
      readonly kind: "nack";
      readonly ids: readonly string[];
      readonly action: NackAction;
      readonly reason: string;
    };

export function decodeReadRequest(bytes: Buffer): ReadRequest {
  let request: ReadRequest | undefined;
  readMessage(bytes, (field, reader) => {
    if (field === READ_REQ.options) request = readOptions(reader);
    if (field === READ_REQ.ack) request = readAck(reader);
    if (field === READ_REQ.nack) request = readNack(reader);
  });
  if (!request) throw new TypeError("a read request says nothing");
  return request;
}

function readOptions(reader: Reader): ReadRequest {
  const options = { source: "", group: "", bufferSize: 0 };
  readNested(reader, (field) => {
    if (field === OPTIONS.stream_identifier) options.source = readStreamName(reader);
    if (field === OPTIONS.all) options.source = ALL;
    if (field === OPTIONS.group_name) options.group = reader.string();
    if (field === OPTIONS.buffer_size) options.bufferSize = reader.int32();
  });
  return { kind: "options", ...options };
}

function readAck(reader: Reader): ReadRequest {
  const ids: string[] = [];
  readNested(reader, (field) => {
    if (field === ACK.ids) ids.push(readUuid(reader));
  });
  return { kind: "ack", ids };
}

function readNack(reader: Reader): ReadRequest {
  const ids: string[] = [];
  let action: NackAction = "retry";
  let reason = "";
  readNested(reader, (field) => {
    if (field === NACK.ids) ids.push(readUuid(reader));
    if (field === NACK.action) action = NACK_ACTIONS[reader.int32()] ?? "retry";
    if (field === NACK.reason) reason = reader.string();
  });
  return { kind: "nack", ids, action, reason };
}

function readUuid(reader: Reader): string {
  let id = "";
  readNested(reader, (field) => {
    if (field === UUID.string) id = reader.string().toLowerCase();
    if (field === UUID.structured) id = readStructuredUuid(reader);
  });
  return id;
}

function readStructuredUuid(reader: Reader): string {
  let bits = 0n;
  readNested(reader, (field) => {
    if (field === STRUCTURED_UUID.most_significant_bits) bits |= readUint64(reader) << 64n;
    if (field === STRUCTURED_UUID.least_significant_bits) bits |= readUint64(reader);
  });
  const hex = bits.toString(16).padStart(32, "0");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** The stored event is the RecordedEvent message already. */
export function encodeDelivery({ event, link }: Resolved, retries: number): Buffer {
  const place = link ?? event;
  return encode((writer) =>
    writeNested(writer, READ_RESP.event, () => {
      if (event) writeBytes(writer, READ_EVENT.event, event.wire);
      if (link) writeBytes(writer, READ_EVENT.link, link.wire);
      if (place) writeUint64(writer, READ_EVENT.commit_position, place.position);
      writeUint32(writer, READ_EVENT.retry_count, retries);
    }),
  );
}

export function encodeConfirmation(subscriptionId: string): Buffer {
  return encode((writer) =>
    writeNested(writer, READ_RESP.subscription_confirmation, () =>
      writeString(writer, CONFIRMATION.subscription_id, subscriptionId),
    ),
  );
}

/** The id by which consumers settle a delivery: the link's where there is one. */
export function idOfDelivery({ event, link }: Resolved): string {
  const place = link ?? event;
  return place ? idOf(place.wire) : "";
}
