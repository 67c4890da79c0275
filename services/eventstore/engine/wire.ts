// An event is stored as the RecordedEvent message that readers receive, so that reading it is copying it.
import protobuf from "protobufjs/minimal.js";
import type { ProposedEvent, Recorded } from "./event-log.ts";

const { Writer } = protobuf;

/** A tag is the field's number and how its value is encoded. */
const VARINT = 0;
const BYTES = 2;
const field = (number: number, encoding: typeof VARINT | typeof BYTES): number => (number << 3) | encoding;

const RECORDED = {
  id: field(1, BYTES),
  stream: field(2, BYTES),
  revision: field(3, VARINT),
  preparePosition: field(4, VARINT),
  commitPosition: field(5, VARINT),
  metadata: field(6, BYTES),
  customMetadata: field(7, BYTES),
  data: field(8, BYTES),
} as const;
const UUID_STRING = field(2, BYTES);
const STREAM_NAME = field(3, BYTES);
const ENTRY_KEY = field(1, BYTES);
const ENTRY_VALUE = field(2, BYTES);

/** The revision of a tombstone is the greatest there is, as the real server numbers it. */
export const TOMBSTONE_REVISION = 2n ** 63n - 1n;

interface Place {
  readonly stream: string;
  readonly revision: number | typeof TOMBSTONE_REVISION;
  readonly position: number;
  readonly createdMs: number;
}

export function encodeRecorded(event: ProposedEvent, place: Place): Buffer {
  const writer = Writer.create();
  writer.uint32(RECORDED.id).fork().uint32(UUID_STRING).string(event.id).ldelim();
  writer.uint32(RECORDED.stream).fork().uint32(STREAM_NAME).string(place.stream).ldelim();
  writer.uint32(RECORDED.revision).uint64(uint64(place.revision));
  writer.uint32(RECORDED.preparePosition).uint64(place.position);
  writer.uint32(RECORDED.commitPosition).uint64(place.position);
  writeEntry(writer, "type", event.type);
  writeEntry(writer, "content-type", event.contentType);
  // In ticks of 100 ns, which no longer fit a double.
  writeEntry(writer, "created", `${place.createdMs}0000`);
  writer.uint32(RECORDED.customMetadata).bytes(event.customMetadata);
  writer.uint32(RECORDED.data).bytes(event.data);
  return asBuffer(writer.finish());
}

function writeEntry(writer: protobuf.Writer, key: string, value: string): void {
  writer
    .uint32(RECORDED.metadata)
    .fork()
    .uint32(ENTRY_KEY)
    .string(key)
    .uint32(ENTRY_VALUE)
    .string(value)
    .ldelim();
}

function uint64(value: Place["revision"]): number | protobuf.Long {
  if (typeof value === "number") return value;
  return {
    low: Number(BigInt.asIntN(32, value)),
    high: Number(value >> 32n),
    unsigned: true,
  } as protobuf.Long;
}

export function decodeRecorded(wire: Uint8Array): Recorded {
  const cursor = new Cursor(wire);
  let stream = "";
  let type: string | undefined;
  let revision = 0n;
  let position = 0n;
  while (!cursor.done) {
    const tag = cursor.varint();
    if (tag === RECORDED.stream) stream = cursor.nested(STREAM_NAME);
    else if (tag === RECORDED.revision) revision = cursor.uint64();
    else if (tag === RECORDED.commitPosition) position = cursor.uint64();
    else if (tag === RECORDED.metadata) {
      type = cursor.entry("type");
      // Nothing that follows is asked for here.
      if (type !== undefined) break;
    } else cursor.skip(tag);
  }
  return { position, stream, revision, type: type ?? "", wire };
}

export function idOf(wire: Uint8Array): string {
  const cursor = new Cursor(wire);
  return cursor.varint() === RECORDED.id ? cursor.nested(UUID_STRING) : "";
}

export function createdMsOf(wire: Uint8Array): number {
  const ticks = metadataOf(wire, "created") ?? "0";
  return Number(ticks.slice(0, -4));
}

function metadataOf(wire: Uint8Array, key: string): string | undefined {
  const cursor = new Cursor(wire);
  while (!cursor.done) {
    const tag = cursor.varint();
    const value = tag === RECORDED.metadata ? cursor.entry(key) : cursor.skip(tag);
    if (value !== undefined) return value;
  }
  return undefined;
}

export function dataOf(wire: Uint8Array): Buffer {
  const cursor = new Cursor(wire);
  while (!cursor.done) {
    const tag = cursor.varint();
    if (tag === RECORDED.data) return cursor.bytes();
    cursor.skip(tag);
  }
  return Buffer.alloc(0);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

class Cursor {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(wire: Uint8Array) {
    this.#bytes = asBuffer(wire);
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  varint(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.#bytes[this.#at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
  }

  uint64(): bigint {
    const start = this.#at;
    const quick = this.varint();
    if (quick <= Number.MAX_SAFE_INTEGER) return BigInt(quick);
    let value = 0n;
    for (let at = this.#at - 1; at >= start; at--)
      value = (value << 7n) | BigInt((this.#bytes[at] ?? 0) & 0x7f);
    return value;
  }

  bytes(): Buffer {
    const length = this.varint();
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  text(): string {
    const length = this.varint();
    this.#at += length;
    return this.#bytes.toString("utf8", this.#at - length, this.#at);
  }

  /** The only field of a nested message, if it is `tag`. */
  nested(tag: number): string {
    const end = this.varint() + this.#at;
    const value = this.varint() === tag ? this.text() : "";
    this.#at = end;
    return value;
  }

  /** The value of a map's entry if its key is the wanted one. */
  entry(key: string): string | undefined {
    const end = this.varint() + this.#at;
    this.varint();
    const found = this.text() === key;
    this.varint();
    const value = found ? this.text() : undefined;
    this.#at = end;
    return value;
  }

  skip(tag: number): undefined {
    const length = this.varint();
    if ((tag & 7) === BYTES) this.#at += length;
  }
}
