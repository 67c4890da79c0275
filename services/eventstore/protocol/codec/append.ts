// Append, Delete and Tombstone: requests in, responses out.
import type { AppendResult, Expected, ProposedEvent } from "../../engine/event-log.ts";
import { NO_STREAM } from "../../engine/event-log.ts";
import {
  APPEND_REQ,
  APPEND_RESP,
  APPEND_SUCCESS,
  APPEND_WRONG_EXPECTED_VERSION,
  DELETE_RESP,
  MAP_ENTRY,
  POSITION,
  PROPOSED_MESSAGE,
  STREAM_IDENTIFIER,
  STRUCTURED_UUID,
  TARGET,
  TARGET_REQ,
  TIMESTAMP,
  UUID,
} from "./fields.ts";
import type { Reader, Writer } from "./wire.ts";
import {
  encode,
  readInt64Bounded,
  readMessage,
  readNested,
  readUint64,
  writeBytes,
  writeNested,
  writeUint64,
} from "./wire.ts";

/** Which stream a write is for, what its writer expects there, and until when the answer is of use. */
export interface Target {
  readonly stream: string;
  readonly expected: Expected;
  readonly deadline: number;
}

export type AppendPart =
  | { readonly kind: "target"; readonly target: Target }
  | { readonly kind: "event"; readonly event: ProposedEvent };

const NOTHING = new Uint8Array();

export function decodeAppendPart(bytes: Buffer): AppendPart {
  let part: AppendPart | undefined;
  readMessage(bytes, (field, reader) => {
    if (field === APPEND_REQ.options) part = { kind: "target", target: readTarget(reader) };
    if (field === APPEND_REQ.proposed_message) part = { kind: "event", event: readProposedEvent(reader) };
  });
  if (part === undefined) throw new TypeError("an append message has neither options nor an event");
  return part;
}

/** DeleteReq and TombstoneReq are the same message under two names. */
export function decodeTargetRequest(bytes: Buffer): Target {
  let target: Target | undefined;
  readMessage(bytes, (field, reader) => {
    if (field === TARGET_REQ.options) target = readTarget(reader);
  });
  if (target === undefined) throw new TypeError("the request has no options");
  return target;
}

export function readTarget(reader: Reader): Target {
  let stream = "";
  let expected: Expected = { kind: "any" };
  let deadline = Number.POSITIVE_INFINITY;
  readNested(reader, (field) => {
    switch (field) {
      case TARGET.stream_identifier:
        stream = readStreamName(reader);
        break;
      case TARGET.revision:
        expected = { kind: "revision", revision: readInt64Bounded(reader) };
        break;
      case TARGET.no_stream:
        expected = { kind: "no_stream" };
        break;
      case TARGET.stream_exists:
        expected = { kind: "stream_exists" };
        break;
      case TARGET.deadline_timestamp:
        deadline = readMilliseconds(reader);
        break;
      case TARGET.deadline_duration:
        deadline = Date.now() + readMilliseconds(reader);
        break;
    }
  });
  return { stream, expected, deadline };
}

export function readStreamName(reader: Reader): string {
  let name = "";
  readNested(reader, (field) => {
    if (field === STREAM_IDENTIFIER.stream_name) name = Buffer.from(reader.bytes()).toString("utf8");
  });
  return name;
}

/** Timestamp and Duration share their layout. */
function readMilliseconds(reader: Reader): number {
  let milliseconds = 0;
  readNested(reader, (field) => {
    if (field === TIMESTAMP.seconds) milliseconds += Number(BigInt.asIntN(64, readUint64(reader))) * 1000;
    if (field === TIMESTAMP.nanos) milliseconds += reader.int32() / 1e6;
  });
  return milliseconds;
}

export function readProposedEvent(reader: Reader): ProposedEvent {
  let id = "";
  let type = "";
  let contentType = "";
  let data: Uint8Array = NOTHING;
  let customMetadata: Uint8Array = NOTHING;
  readNested(reader, (field) => {
    switch (field) {
      case PROPOSED_MESSAGE.id:
        id = readUuid(reader);
        break;
      case PROPOSED_MESSAGE.metadata: {
        const [key, value] = readMapEntry(reader);
        if (key === "type") type = value;
        if (key === "content-type") contentType = value;
        break;
      }
      case PROPOSED_MESSAGE.custom_metadata:
        customMetadata = reader.bytes();
        break;
      case PROPOSED_MESSAGE.data:
        data = reader.bytes();
        break;
    }
  });
  return { id, type, contentType, data, customMetadata };
}

function readMapEntry(reader: Reader): readonly [key: string, value: string] {
  let key = "";
  let value = "";
  readNested(reader, (field) => {
    if (field === MAP_ENTRY.key) key = reader.string();
    if (field === MAP_ENTRY.value) value = reader.string();
  });
  return [key, value];
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
  let high = 0n;
  let low = 0n;
  readNested(reader, (field) => {
    if (field === STRUCTURED_UUID.most_significant_bits) high = readUint64(reader);
    if (field === STRUCTURED_UUID.least_significant_bits) low = readUint64(reader);
  });
  const hex = ((high << 64n) | low).toString(16).padStart(32, "0");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

type Appended = Extract<AppendResult, { outcome: "appended" }>;

export function encodeAppendSuccess(result: Appended): Buffer {
  return encode((writer) => writeAppendSuccess(writer, APPEND_RESP.success, result));
}

export function writeAppendSuccess(writer: Writer, field: number, result: Appended): void {
  writeNested(writer, field, () => {
    if (result.revision === NO_STREAM) writeNested(writer, APPEND_SUCCESS.no_stream);
    else writeUint64(writer, APPEND_SUCCESS.current_revision, result.revision);
    if (result.position === undefined) writeNested(writer, APPEND_SUCCESS.no_position);
    else writePosition(writer, APPEND_SUCCESS.position, result.position);
  });
}

export function encodeWrongExpectedVersion(expected: Expected, actual: bigint): Buffer {
  const fields = APPEND_WRONG_EXPECTED_VERSION;
  return encode((writer) =>
    writeNested(writer, APPEND_RESP.wrong_expected_version, () => {
      writeCurrent(writer, fields.current, actual);
      writeExpected(writer, fields.expected, expected);
    }),
  );
}

/** Each message that speaks of an expectation has one field for each kind of it. */
export function writeExpected(
  writer: Writer,
  fields: Readonly<Record<Expected["kind"], number>>,
  expected: Expected,
): void {
  if (expected.kind === "revision") writeUint64(writer, fields.revision, expected.revision);
  else writeNested(writer, fields[expected.kind]);
}

export function writeCurrent(
  writer: Writer,
  fields: Readonly<Record<"revision" | "no_stream", number>>,
  actual: bigint,
): void {
  if (actual === NO_STREAM) writeNested(writer, fields.no_stream);
  else writeUint64(writer, fields.revision, actual);
}

export function encodeDeleted(position: bigint): Buffer {
  return encode((writer) => writePosition(writer, DELETE_RESP.position, position));
}

function writePosition(writer: Writer, field: number, position: bigint): void {
  writeNested(writer, field, () => {
    writeUint64(writer, POSITION.commit_position, position);
    writeUint64(writer, POSITION.prepare_position, position);
  });
}

export function writeStreamName(writer: Writer, field: number, stream: string): void {
  writeNested(writer, field, () =>
    writeBytes(writer, STREAM_IDENTIFIER.stream_name, Buffer.from(stream, "utf8")),
  );
}
