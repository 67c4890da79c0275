// BatchAppend: an append arrives in chunks, and its correlation id gets exactly one response.
import { status } from "@grpc/grpc-js";
import type { AppendResult, ProposedEvent } from "../../engine/event-log.ts";
import {
  encode,
  readMessage,
  type Writer,
  writeBytes,
  writeNested,
  writeStreamName,
  writeString,
  writeUint32,
} from "../../protobuf.ts";
import { readProposedEvent, writeAppendSuccess } from "./append.ts";
import { readWriteOptions, type WriteOptions, writeCurrent, writeExpected } from "./write-options.ts";

const BATCH_APPEND_REQ = { correlation_id: 1, options: 2, proposed_messages: 3, is_final: 4 } as const;
const BATCH_APPEND_RESP = {
  correlation_id: 1,
  error: 2,
  success: 3,
  stream_identifier: 4,
  expected: { revision: 5, no_stream: 6, any: 7, stream_exists: 8 },
} as const;
/** google.rpc.Status and google.protobuf.Any. */
const STATUS = { code: 1, message: 2, details: 3 } as const;
const ANY = { type_url: 1, value: 2 } as const;
/** The details of errors, from shared.proto. */
const WRONG_EXPECTED_VERSION = {
  current: { revision: 1, no_stream: 2 },
  expected: { revision: 3, any: 4, stream_exists: 5, no_stream: 6 },
} as const;
const STREAM_DELETED = { stream_identifier: 1 } as const;
const MAXIMUM_APPEND_SIZE_EXCEEDED = { max_append_size: 1 } as const;
const BAD_REQUEST = { message: 1 } as const;

export interface BatchChunk {
  /** The correlation id as it came, in whichever of its two encodings, ready to be sent back. */
  readonly correlation: Buffer;
  readonly options: WriteOptions | undefined;
  readonly events: ProposedEvent[];
  readonly isFinal: boolean;
  readonly size: number;
}

/** Everything that an append can end in, seen by the client of BatchAppend. */
export type BatchOutcome =
  | AppendResult
  | { readonly outcome: "timed_out" }
  | { readonly outcome: "bad_request"; readonly message: string };

type Failure = Exclude<BatchOutcome, { outcome: "appended" }>;

export function decodeBatchChunk(bytes: Buffer): BatchChunk {
  let correlation: Buffer = Buffer.alloc(0);
  let options: WriteOptions | undefined;
  let isFinal = false;
  const events: ProposedEvent[] = [];
  readMessage(bytes, (field, reader) => {
    switch (field) {
      case BATCH_APPEND_REQ.correlation_id:
        correlation = reader.bytes() as Buffer;
        break;
      case BATCH_APPEND_REQ.options:
        options = readWriteOptions(reader);
        break;
      case BATCH_APPEND_REQ.proposed_messages:
        events.push(readProposedEvent(reader));
        break;
      case BATCH_APPEND_REQ.is_final:
        isFinal = reader.bool();
        break;
    }
  });
  return { correlation, options, events, isFinal, size: bytes.length };
}

export function encodeBatchResponse(
  correlation: Buffer,
  options: WriteOptions,
  result: BatchOutcome,
): Buffer {
  return encode((writer) => {
    writeBytes(writer, BATCH_APPEND_RESP.correlation_id, correlation);
    if (result.outcome === "appended") writeAppendSuccess(writer, BATCH_APPEND_RESP.success, result);
    else writeFailure(writer, options, result);
    writeStreamName(writer, BATCH_APPEND_RESP.stream_identifier, options.stream);
    writeExpected(writer, BATCH_APPEND_RESP.expected, options.expected);
  });
}

function writeFailure(writer: Writer, { stream, expected }: WriteOptions, failure: Failure): void {
  switch (failure.outcome) {
    case "wrong_expected_version":
      writeError(writer, status.ALREADY_EXISTS, "WrongExpectedVersion", () => {
        writeCurrent(writer, WRONG_EXPECTED_VERSION.current, failure.actual);
        writeExpected(writer, WRONG_EXPECTED_VERSION.expected, expected);
      });
      break;
    case "stream_tombstoned":
      writeError(writer, status.NOT_FOUND, "StreamDeleted", () =>
        writeStreamName(writer, STREAM_DELETED.stream_identifier, stream),
      );
      break;
    case "too_large":
      writeError(writer, status.INVALID_ARGUMENT, "MaximumAppendSizeExceeded", () =>
        writeUint32(writer, MAXIMUM_APPEND_SIZE_EXCEEDED.max_append_size, failure.limit),
      );
      break;
    case "timed_out":
      writeError(writer, status.DEADLINE_EXCEEDED, "Timeout");
      break;
    case "bad_request": {
      const { message } = failure;
      const writeDetails = (): void => writeString(writer, BAD_REQUEST.message, message);
      writeError(writer, status.INVALID_ARGUMENT, "BadRequest", writeDetails, message);
      break;
    }
  }
}

/** The client reads the kind of error from the type of the details, so they are never left out. */
function writeError(
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
