// BatchAppend as bytes: what the client's generated code says with objects, for the one message that flows all the time.
import { createRequire } from "node:module";
import protobuf from "protobufjs/minimal.js";
import type { NewEvent } from "./stored-event.ts";
import { nested, readUint64, STREAM_NAME, STRUCTURED_UUID, UUID, varint } from "./wire.ts";

type Streams = typeof import("@eventstore/db-client/generated/streams_pb.js");
type Errors = typeof import("@eventstore/db-client/dist/streams/appendToStream/unpackError.js");

const require = createRequire(import.meta.url);
const { BatchAppendResp } = require("@eventstore/db-client/generated/streams_pb.js") as Streams;
const { unpackToCommandError } =
  require("@eventstore/db-client/dist/streams/appendToStream/unpackError.js") as Errors;

export type ExpectedRevision = bigint | "no_stream" | "any";

/** The store may leave out the position of an append that it had seen before. */
export interface Confirmed {
  readonly revision: bigint;
  readonly position: bigint | undefined;
}

export interface Answer {
  /** The append that it belongs to. */
  readonly number: number;
  readonly result: Confirmed | Error;
}

export interface Append {
  /** Tells it from the others under way on the same stream; below 2³¹. */
  readonly number: number;
  readonly stream: string;
  readonly expected: ExpectedRevision;
  readonly events: readonly NewEvent[];
  /** Milliseconds since 1970: the store does not take it any more afterwards. */
  readonly deadline: number;
}

/** Field numbers of event_store.client.streams.BatchAppendReq and BatchAppendResp. */
const CORRELATION = 1;
const REQUEST = { options: 2, events: 3, isFinal: 4 };
const OPTIONS = { stream: 1, revision: 2, noStream: 3, any: 4, deadline: 6 };
const EVENT = { id: 1, metadata: 2, customMetadata: 3, data: 4 };
const ANSWER = { error: 2, success: 3 };
const SUCCESS = { revision: 1, position: 3 };

const contentType = entry("content-type", "application/json");
const types = new Map<string, Uint8Array>();

export function encodeAppend({ number, stream, expected, events, deadline }: Append): Buffer {
  const writer = protobuf.Writer.create();
  writer.uint32(nested(CORRELATION)).fork();
  writer
    .uint32(nested(UUID.structured))
    .fork()
    .uint32(varint(STRUCTURED_UUID.lowBits))
    .uint32(number)
    .ldelim();
  writer.ldelim();

  writer.uint32(nested(REQUEST.options)).fork();
  writer.uint32(nested(OPTIONS.stream)).fork().uint32(nested(STREAM_NAME)).string(stream).ldelim();
  if (expected === "no_stream") writer.uint32(nested(OPTIONS.noStream)).uint32(0);
  else if (expected === "any") writer.uint32(nested(OPTIONS.any)).uint32(0);
  else writer.uint32(varint(OPTIONS.revision)).uint64(Number(expected));
  writer.uint32(nested(OPTIONS.deadline)).fork();
  writer.uint32(varint(1)).uint64(Math.floor(deadline / 1000));
  writer.uint32(varint(2)).uint32((Math.floor(deadline) % 1000) * 1_000_000);
  writer.ldelim().ldelim();

  for (const event of events) {
    writer.uint32(nested(REQUEST.events)).fork();
    writer.uint32(nested(EVENT.id)).fork().uint32(nested(UUID.text)).string(event.id).ldelim();
    writer.uint32(nested(EVENT.metadata)).bytes(typeEntry(event.type));
    writer.uint32(nested(EVENT.metadata)).bytes(contentType);
    writer.uint32(nested(EVENT.customMetadata)).string(JSON.stringify(event.metadata));
    writer.uint32(nested(EVENT.data)).string(JSON.stringify(event.data));
    writer.ldelim();
  }
  writer.uint32(varint(REQUEST.isFinal)).bool(true);
  // In Node the writer allocates Buffers, which its type does not say.
  return writer.finish() as Buffer;
}

function entry(key: string, value: string): Uint8Array {
  return protobuf.Writer.create().uint32(nested(1)).string(key).uint32(nested(2)).string(value).finish();
}

/** There are a few dozen types of events, and each is written millions of times. */
function typeEntry(type: string): Uint8Array {
  const known = types.get(type) ?? entry("type", type);
  types.set(type, known);
  return known;
}

export function decodeAnswer(bytes: Buffer): Answer {
  const reader = protobuf.Reader.create(bytes);
  let number = 0;
  let result: Answer["result"] | undefined;
  while (reader.pos < reader.len) {
    const field = reader.uint32() >>> 3;
    const end = reader.uint32() + reader.pos;
    if (field === CORRELATION) number = readNumber(reader, end);
    else if (field === ANSWER.success) result = readSuccess(reader, end);
    else if (field === ANSWER.error) result = readError(bytes);
    reader.pos = end;
  }
  return { number, result: result ?? new Error("the store answered neither yes nor no") };
}

/** A store may give a UUID back in its other form. */
function readNumber(reader: protobuf.Reader, end: number): number {
  const form = reader.uint32() >>> 3;
  if (form === UUID.text) return Number.parseInt(reader.string().slice(-8), 16);
  let number = 0;
  for (reader.uint32(); reader.pos < end; ) {
    const field = reader.uint32() >>> 3;
    const value = Number(readUint64(reader));
    if (field === STRUCTURED_UUID.lowBits) number = value;
  }
  return number;
}

function readSuccess(reader: protobuf.Reader, end: number): Confirmed {
  let revision = 0n;
  let position: bigint | undefined;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === varint(SUCCESS.revision)) {
      revision = readUint64(reader);
    } else if (tag === nested(SUCCESS.position)) {
      const length = reader.uint32();
      const after = reader.pos + length;
      // The commit position; the prepare position behind it is the same.
      position = length > 0 && reader.uint32() === varint(1) ? readUint64(reader) : 0n;
      reader.pos = after;
    } else {
      reader.skipType(tag & 7);
    }
  }
  return { revision, position };
}

/** Errors are rare and of many kinds, and the client knows them all. */
function readError(bytes: Buffer): Error {
  const answer = BatchAppendResp.deserializeBinary(bytes);
  const stream = Buffer.from(answer.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString("utf8");
  const error = answer.getError();
  if (error?.getDetails() === undefined) return new Error(`the store says: ${error?.getMessage()}`);
  return unpackToCommandError(error, stream);
}
