// Append, Delete and Tombstone: requests in, responses out.
import type { AppendResult, Expected, ProposedEvent } from "../../engine/event-log.ts";
import { NO_STREAM } from "../../engine/event-log.ts";
import {
  APPEND_REQ,
  APPEND_RESP,
  APPEND_SUCCESS,
  APPEND_WRONG_EXPECTED_VERSION,
  DELETE_RESP,
  POSITION,
  TARGET_REQ,
} from "./fields.ts";
import { readProposedEvent } from "./proposed-event.ts";
import type { Target } from "./target.ts";
import { readTarget, writeCurrent, writeExpected } from "./target.ts";
import type { Writer } from "./wire.ts";
import { encode, readMessage, writeNested, writeUint64 } from "./wire.ts";

export type AppendPart =
  | { readonly kind: "target"; readonly target: Target }
  | { readonly kind: "event"; readonly event: ProposedEvent };

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

export function encodeDeleted(position: bigint): Buffer {
  return encode((writer) => writePosition(writer, DELETE_RESP.position, position));
}

function writePosition(writer: Writer, field: number, position: bigint): void {
  writeNested(writer, field, () => {
    writeUint64(writer, POSITION.commit_position, position);
    writeUint64(writer, POSITION.prepare_position, position);
  });
}
