// Append, Delete and Tombstone: requests are decoded, responses encoded.
import { type AppendResult, type Expected, NO_STREAM, type ProposedEvent } from "../../engine/event-log.ts";
import {
  encode,
  type Reader,
  readMapEntry,
  readMessage,
  readNested,
  readUuid,
  type Writer,
  writeNested,
  writeUint64,
} from "../../protobuf.ts";
import { readWriteOptions, type WriteOptions, writeCurrent, writeExpected } from "./write-options.ts";

const APPEND_REQ = { options: 1, proposed_message: 2 } as const;
const PROPOSED_MESSAGE = { id: 1, metadata: 2, custom_metadata: 3, data: 4 } as const;
const APPEND_RESP = { success: 1, wrong_expected_version: 2 } as const;
const SUCCESS = { current_revision: 1, no_stream: 2, position: 3, no_position: 4 } as const;
const WRONG_EXPECTED_VERSION = {
  current: { revision: 6, no_stream: 7 },
  expected: { revision: 8, any: 9, stream_exists: 10, no_stream: 11 },
} as const;
const DELETE_RESP = { position: 1 } as const;
const POSITION = { commit_position: 1, prepare_position: 2 } as const;

const EMPTY = new Uint8Array();

/** An append is a stream of messages: its options, then its events. */
export type AppendPart =
  | { readonly kind: "options"; readonly options: WriteOptions }
  | { readonly kind: "event"; readonly event: ProposedEvent };

export function decodeAppendPart(bytes: Buffer): AppendPart {
  let part: AppendPart | undefined;
  readMessage(bytes, (field, reader) => {
    if (field === APPEND_REQ.options) part = { kind: "options", options: readWriteOptions(reader) };
    if (field === APPEND_REQ.proposed_message) part = { kind: "event", event: readProposedEvent(reader) };
  });
  if (part === undefined) throw new TypeError("an append message has neither options nor an event");
  return part;
}

/** BatchAppendReq.ProposedMessage is the same message. */
export function readProposedEvent(reader: Reader): ProposedEvent {
  let id = "";
  let type = "";
  let contentType = "";
  let data: Uint8Array = EMPTY;
  let customMetadata: Uint8Array = EMPTY;
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

type Appended = Extract<AppendResult, { outcome: "appended" }>;

export function encodeAppendSuccess(result: Appended): Buffer {
  return encode((writer) => writeAppendSuccess(writer, APPEND_RESP.success, result));
}

/** BatchAppendResp.Success is the same message. */
export function writeAppendSuccess(writer: Writer, field: number, result: Appended): void {
  writeNested(writer, field, () => {
    if (result.revision === NO_STREAM) writeNested(writer, SUCCESS.no_stream);
    else writeUint64(writer, SUCCESS.current_revision, result.revision);
    if (result.position === undefined) writeNested(writer, SUCCESS.no_position);
    else writePosition(writer, SUCCESS.position, result.position);
  });
}

export function encodeWrongExpectedVersion(expected: Expected, actual: bigint): Buffer {
  return encode((writer) =>
    writeNested(writer, APPEND_RESP.wrong_expected_version, () => {
      writeCurrent(writer, WRONG_EXPECTED_VERSION.current, actual);
      writeExpected(writer, WRONG_EXPECTED_VERSION.expected, expected);
    }),
  );
}

export function encodeDeleted(position: bigint): Buffer {
  return encode((writer) => writePosition(writer, DELETE_RESP.position, position));
}

/** Commit and prepare position are always equal here. */
function writePosition(writer: Writer, field: number, position: bigint): void {
  writeNested(writer, field, () => {
    writeUint64(writer, POSITION.commit_position, position);
    writeUint64(writer, POSITION.prepare_position, position);
  });
}
