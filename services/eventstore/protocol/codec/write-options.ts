// The options that every write begins with: which stream it is for, what its writer expects there, and until when.
import { type Expected, NO_STREAM } from "../../engine/event-log.ts";
import {
  type Reader,
  readInt64Bounded,
  readMessage,
  readNested,
  readStreamName,
  readUint64,
  type Writer,
  writeNested,
  writeUint64,
} from "../../protobuf.ts";

export interface WriteOptions {
  readonly stream: string;
  readonly expected: Expected;
  /** Until when the response is of use, in Unix milliseconds. */
  readonly deadline: number;
}

/** AppendReq.Options, BatchAppendReq.Options, DeleteReq.Options and TombstoneReq.Options number their fields alike. */
const OPTIONS = {
  stream_identifier: 1,
  revision: 2,
  no_stream: 3,
  any: 4,
  stream_exists: 5,
  deadline_timestamp: 6,
  deadline_duration: 7,
} as const;
const DELETE_REQ = { options: 1 } as const;
/** Of google.protobuf.Timestamp and of Duration. */
const TIMESTAMP = { seconds: 1, nanos: 2 } as const;

export function readWriteOptions(reader: Reader): WriteOptions {
  let stream = "";
  let expected: Expected = { kind: "any" };
  let deadline = Number.POSITIVE_INFINITY;
  readNested(reader, (field) => {
    switch (field) {
      case OPTIONS.stream_identifier:
        stream = readStreamName(reader);
        break;
      case OPTIONS.revision:
        expected = { kind: "revision", revision: readInt64Bounded(reader) };
        break;
      case OPTIONS.no_stream:
        expected = { kind: "no_stream" };
        break;
      case OPTIONS.stream_exists:
        expected = { kind: "stream_exists" };
        break;
      case OPTIONS.deadline_timestamp:
        deadline = readMilliseconds(reader);
        break;
      case OPTIONS.deadline_duration:
        deadline = Date.now() + readMilliseconds(reader);
        break;
    }
  });
  return { stream, expected, deadline };
}

function readMilliseconds(reader: Reader): number {
  let milliseconds = 0;
  readNested(reader, (field) => {
    if (field === TIMESTAMP.seconds) milliseconds += Number(BigInt.asIntN(64, readUint64(reader))) * 1000;
    if (field === TIMESTAMP.nanos) milliseconds += reader.int32() / 1e6;
  });
  return milliseconds;
}

/** DeleteReq and TombstoneReq are the same message under two names. */
export function decodeDelete(bytes: Buffer): WriteOptions {
  let options: WriteOptions | undefined;
  readMessage(bytes, (field, reader) => {
    if (field === DELETE_REQ.options) options = readWriteOptions(reader);
  });
  if (options === undefined) throw new TypeError("the request has no options");
  return options;
}

/** Messages that repeat an expectation have one field for each kind of it. */
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
