// BatchAppend: chunks of an append in, exactly one answer per correlation id out.
import { status } from "@grpc/grpc-js";
import type { AppendResult, ProposedEvent } from "../../engine/event-log.ts";
import { writeAppendSuccess } from "./append.ts";
import {
  ANY,
  BAD_REQUEST,
  BATCH_APPEND_REQ,
  BATCH_APPEND_RESP,
  MAXIMUM_APPEND_SIZE_EXCEEDED,
  STATUS,
  STREAM_DELETED,
  WRONG_EXPECTED_VERSION,
} from "./fields.ts";
import { readProposedEvent } from "./proposed-event.ts";
import type { Target } from "./target.ts";
import { readTarget, writeCurrent, writeExpected, writeStreamName } from "./target.ts";
import type { Writer } from "./wire.ts";
import { encode, readMessage, writeBytes, writeNested, writeString, writeUint32 } from "./wire.ts";

export interface BatchChunk {
  /** The correlation id as it came, in whichever of its two encodings, ready to be sent back. */
  readonly correlation: Buffer;
  readonly target: Target | undefined;
  readonly events: ProposedEvent[];
  readonly isFinal: boolean;
  readonly size: number;
}

/** Everything that an append can end in, seen by the client of BatchAppend. */
export type BatchOutcome =
  | AppendResult
  | { readonly outcome: "timed_out" }
  | { readonly outcome: "bad_request"; readonly message: string };

const NOTHING = Buffer.alloc(0);

export function decodeBatchChunk(bytes: Buffer): BatchChunk {
  let correlation: Buffer = NOTHING;
  let target: Target | undefined;
  let isFinal = false;
  const events: ProposedEvent[] = [];
  readMessage(bytes, (field, reader) => {
    switch (field) {
      case BATCH_APPEND_REQ.correlation_id:
        correlation = reader.bytes() as Buffer;
        break;
      case BATCH_APPEND_REQ.options:
        target = readTarget(reader);
        break;
      case BATCH_APPEND_REQ.proposed_messages:
        events.push(readProposedEvent(reader));
        break;
      case BATCH_APPEND_REQ.is_final:
        isFinal = reader.bool();
        break;
    }
  });
  return { correlation, target, events, isFinal, size: bytes.length };
}

export function encodeBatchAnswer(correlation: Buffer, target: Target, result: BatchOutcome): Buffer {
  return encode((writer) => {
    writeBytes(writer, BATCH_APPEND_RESP.correlation_id, correlation);
    if (result.outcome === "appended") writeAppendSuccess(writer, BATCH_APPEND_RESP.success, result);
    else writeFailure(writer, target, result);
    writeStreamName(writer, BATCH_APPEND_RESP.stream_identifier, target.stream);
    writeExpected(writer, BATCH_APPEND_RESP.expected, target.expected);
  });
}

type Failure = Exclude<BatchOutcome, { outcome: "appended" }>;

function writeFailure(writer: Writer, target: Target, failure: Failure): void {
  switch (failure.outcome) {
    case "wrong_expected_version":
      writeStatus(writer, status.ALREADY_EXISTS, "WrongExpectedVersion", () => {
        writeCurrent(writer, WRONG_EXPECTED_VERSION.current, failure.actual);
        writeExpected(writer, WRONG_EXPECTED_VERSION.expected, target.expected);
      });
      break;
    case "stream_tombstoned":
      writeStatus(writer, status.NOT_FOUND, "StreamDeleted", () =>
        writeStreamName(writer, STREAM_DELETED.stream_identifier, target.stream),
      );
      break;
    case "too_large":
      writeStatus(writer, status.INVALID_ARGUMENT, "MaximumAppendSizeExceeded", () =>
        writeUint32(writer, MAXIMUM_APPEND_SIZE_EXCEEDED.max_append_size, failure.limit),
      );
      break;
    case "timed_out":
      writeStatus(writer, status.DEADLINE_EXCEEDED, "Timeout");
      break;
    case "bad_request":
      writeStatus(
        writer,
        status.INVALID_ARGUMENT,
        "BadRequest",
        () => writeString(writer, BAD_REQUEST.message, failure.message),
        failure.message,
      );
      break;
  }
}

/** The client reads the kind of error from the type of the details, so they are never left out. */
function writeStatus(
  writer: Writer,
  code: status,
  type: string,
  writeDetails?: () => void,
  message = type,
): void {
  writeNested(writer, BATCH_APPEND_RESP.error, () => {
    writeUint32(writer, STATUS.code, code);
    writeString(writer, STATUS.message, message);
    writeNested(writer, STATUS.details, () => {
      writeString(writer, ANY.type_url, `type.googleapis.com/event_store.client.${type}`);
      writeNested(writer, ANY.value, writeDetails);
    });
  });
}
