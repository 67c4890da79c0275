// Which stream a write is for, and what its writer expects there: one shape, four messages.
import type { Expected } from "../../engine/event-log.ts";
import { NO_STREAM } from "../../engine/event-log.ts";
import { STREAM_IDENTIFIER, TARGET, TIMESTAMP } from "./fields.ts";
import type { Reader, Writer } from "./wire.ts";
import { readInt64Bounded, readNested, readUint64, writeBytes, writeNested, writeUint64 } from "./wire.ts";

export interface Target {
  readonly stream: string;
  readonly expected: Expected;
  /** Until when the answer is of use, in Unix milliseconds. */
  readonly deadline: number;
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
    if (field === STREAM_IDENTIFIER.stream_name) name = reader.string();
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

export function writeStreamName(writer: Writer, field: number, stream: string): void {
  writeNested(writer, field, () =>
    writeBytes(writer, STREAM_IDENTIFIER.stream_name, Buffer.from(stream, "utf8")),
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
