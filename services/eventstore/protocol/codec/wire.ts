// Protocol Buffers by hand: what a field-by-field codec needs beyond the reader and writer of protobufjs.
import protobuf from "protobufjs/minimal.js";

export type Reader = protobuf.Reader;
export type Writer = protobuf.Writer;

const VARINT = 0;
const LENGTH_DELIMITED = 2;
const LARGEST_EXACT_NUMBER = BigInt(Number.MAX_SAFE_INTEGER);
const LARGEST_INT64 = 0x7fff_ffff_ffff_ffffn;

/** `take` reads the value of the fields that it knows; what it leaves unread is skipped. */
export type TakeField = (field: number, reader: Reader) => void;

export function readMessage(bytes: Uint8Array, take: TakeField): void {
  const reader = protobuf.Reader.create(bytes);
  readFields(reader, reader.len, take);
}

export function readNested(reader: Reader, take: TakeField): void {
  const length = reader.uint32();
  const end = reader.pos + length;
  if (end > reader.len) throw new RangeError("a nested message is longer than the message around it");
  readFields(reader, end, take);
}

function readFields(reader: Reader, end: number, take: TakeField): void {
  while (reader.pos < end) {
    const tag = reader.uint32();
    const start = reader.pos;
    take(tag >>> 3, reader);
    if (reader.pos === start) reader.skipType(tag & 7);
  }
  if (reader.pos !== end) throw new RangeError("a field reaches beyond its message");
}

export function readUint64(reader: Reader): bigint {
  const value = reader.uint64();
  if (typeof value === "number") return BigInt(value);
  return (BigInt(value.high >>> 0) << 32n) | BigInt(value.low >>> 0);
}

/** Revisions and positions beyond int64 can't exist; asking for one means "the very end". */
export function readInt64Bounded(reader: Reader): bigint {
  const value = readUint64(reader);
  return value > LARGEST_INT64 ? LARGEST_INT64 : value;
}

export function encode(write: (writer: Writer) => void): Buffer {
  const writer = protobuf.Writer.create();
  write(writer);
  // In Node the writer allocates Buffers, which its type does not say.
  return writer.finish() as Buffer;
}

export function writeNested(writer: Writer, field: number, write?: (writer: Writer) => void): void {
  writer.uint32((field << 3) | LENGTH_DELIMITED).fork();
  write?.(writer);
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

export function writeUint64(writer: Writer, field: number, value: bigint): void {
  // The writer takes no bigint; a number is by far the fastest of what it takes.
  const exact = value <= LARGEST_EXACT_NUMBER ? Number(value) : value.toString();
  writer.uint32((field << 3) | VARINT).uint64(exact);
}
