// What the messages of the event store's protocol have in common; protobufjs does the rest.
import type protobuf from "protobufjs/minimal.js";

/** The tag of a field that is a message, text or bytes. */
export const nested = (field: number): number => (field << 3) | 2;
/** The tag of a field that is a number. */
export const varint = (field: number): number => field << 3;

/** Field numbers of event_store.client.UUID and StreamIdentifier. */
export const UUID = { structured: 1, text: 2 } as const;
export const STRUCTURED_UUID = { highBits: 1, lowBits: 2 } as const;
export const STREAM_NAME = 3;

export function readUint64(reader: protobuf.Reader): bigint {
  const value = reader.uint64();
  if (typeof value === "number") return BigInt(value);
  return (BigInt(value.high >>> 0) << 32n) | BigInt(value.low >>> 0);
}

/** Where the nested message, text or bytes that begins here ends. */
export function endOfNested(reader: protobuf.Reader): number {
  const end = reader.uint32() + reader.pos;
  if (end > reader.len) throw new RangeError("a message of the event store ends in the middle of a field");
  return end;
}
