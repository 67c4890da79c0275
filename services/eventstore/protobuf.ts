// Protocol Buffers encoded and decoded field by field, on the reader and writer of protobufjs: generated code would cost
// more than everything else that is done for an append. Field numbers stand beside the code that uses them, under the
// names of the official .proto files; here are those of shared.proto.
import protobuf from "protobufjs/minimal.js";

export type Reader = protobuf.Reader;
export type Writer = protobuf.Writer;

const VARINT = 0;
const LENGTH_DELIMITED = 2;
const MAX_EXACT_NUMBER = BigInt(Number.MAX_SAFE_INTEGER);
const MAX_INT64 = 0x7fff_ffff_ffff_ffffn;

export const UUID = { structured: 1, string: 2 } as const;
const STRUCTURED_UUID = { most_significant_bits: 1, least_significant_bits: 2 } as const;
const STREAM_IDENTIFIER = { stream_name: 3 } as const;
/** Of an entry in a map field. */
export const MAP_ENTRY = { key: 1, value: 2 } as const;

/** Reads the value of a field that it knows; a field that it leaves unread is skipped. */
export type ReadField = (field: number, reader: Reader) => void;

export function readMessage(bytes: Uint8Array, readField: ReadField): void {
  const reader = protobuf.Reader.create(bytes);
  readFields(reader, reader.len, readField);
}

export function readNested(reader: Reader, readField: ReadField): void {
  const length = reader.uint32();
  const end = reader.pos + length;
  if (end > reader.len) throw new RangeError("a nested message is longer than the message around it");
  readFields(reader, end, readField);
}

function readFields(reader: Reader, end: number, readField: ReadField): void {
  while (reader.pos < end) {
    const tag = reader.uint32();
    const start = reader.pos;
    readField(tag >>> 3, reader);
    if (reader.pos === start) reader.skipType(tag & 7);
  }
  if (reader.pos !== end) throw new RangeError("a field reaches beyond its message");
}

export function readUint64(reader: Reader): bigint {
  const value = reader.uint64();
  if (typeof value === "number") return BigInt(value);
  return (BigInt(value.high >>> 0) << 32n) | BigInt(value.low >>> 0);
}

/** Revisions and positions beyond int64 can't exist; asking for one means the very end. */
export function readInt64Bounded(reader: Reader): bigint {
  const value = readUint64(reader);
  return value > MAX_INT64 ? MAX_INT64 : value;
}

export function readStreamName(reader: Reader): string {
  let name = "";
  readNested(reader, (field) => {
    if (field === STREAM_IDENTIFIER.stream_name) name = reader.string();
  });
  return name;
}

export function readUuid(reader: Reader): string {
  let id = "";
  readNested(reader, (field) => {
    if (field === UUID.string) id = reader.string().toLowerCase();
    if (field === UUID.structured) id = readStructuredUuid(reader);
  });
  return id;
}

function readStructuredUuid(reader: Reader): string {
  let high = 0n;
  let low = 0n;
  readNested(reader, (field) => {
    if (field === STRUCTURED_UUID.most_significant_bits) high = readUint64(reader);
    if (field === STRUCTURED_UUID.least_significant_bits) low = readUint64(reader);
  });
  const hex = ((high << 64n) | low).toString(16).padStart(32, "0");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

export function readMapEntry(reader: Reader): readonly [key: string, value: string] {
  let key = "";
  let value = "";
  readNested(reader, (field) => {
    if (field === MAP_ENTRY.key) key = reader.string();
    if (field === MAP_ENTRY.value) value = reader.string();
  });
  return [key, value];
}

export function encode(write: (writer: Writer) => void): Buffer {
  const writer = protobuf.Writer.create();
  write(writer);
  // In Node the writer allocates Buffers, which its type does not say.
  return writer.finish() as Buffer;
}

export function writeNested(writer: Writer, field: number, write?: () => void): void {
  writer.uint32((field << 3) | LENGTH_DELIMITED).fork();
  write?.();
  writer.ldelim();
}

export function writeBytes(writer: Writer, field: number, value: Uint8Array): void {
  writer.uint32((field << 3) | LENGTH_DELIMITED).bytes(value);
}

export function writeString(writer: Writer, field: number, value: string): void {
  writer.uint32((field << 3) | LENGTH_DELIMITED).string(value);
}

export function writeUint32(writer: Writer, field: number, value: number): void {
  writer.uint32((field << 3) | VARINT).uint32(value);
}

export function writeUint64(writer: Writer, field: number, value: bigint | number): void {
  // The writer takes no bigint; a number is by far the fastest of what it takes.
  const exact = typeof value === "number" || value <= MAX_EXACT_NUMBER ? Number(value) : value.toString();
  writer.uint32((field << 3) | VARINT).uint64(exact);
}

export function writeStreamName(writer: Writer, field: number, stream: string): void {
  writeNested(writer, field, () => writeString(writer, STREAM_IDENTIFIER.stream_name, stream));
}
