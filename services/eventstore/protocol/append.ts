// Streams.Append (one call per append), Delete and Tombstone.
import type { handleClientStreamingCall, handleUnaryCall, sendUnaryData } from "@grpc/grpc-js";
import { type EventLog, MAX_APPEND_BYTES, type ProposedEvent } from "../engine/event-log.ts";
import {
  type AppendPart,
  encodeAppendSuccess,
  encodeDeleted,
  encodeWrongExpectedVersion,
} from "./codec/append.ts";
import type { WriteOptions } from "./codec/write-options.ts";
import { appendTooLarge, invalidArgument, streamDeleted, wrongExpectedVersion } from "./errors.ts";
import type { HandlerContext } from "./handler-context.ts";
import { appendError, MAX_COLLECTED_BYTES, streamError } from "./validation.ts";

export function serveAppend(context: HandlerContext): handleClientStreamingCall<AppendPart, Buffer> {
  return (call, callback) => {
    const events: ProposedEvent[] = [];
    let options: WriteOptions | undefined;
    let bytes = 0;
    call.on("data", (part: AppendPart) => {
      if (part.kind === "options") {
        options = part.options;
        return;
      }
      bytes += part.event.data.length + part.event.customMetadata.length;
      if (bytes <= MAX_COLLECTED_BYTES) events.push(part.event);
    });
    call.on("end", () =>
      respond(context, callback, async () => {
        if (bytes > MAX_COLLECTED_BYTES) throw appendTooLarge(MAX_APPEND_BYTES);
        if (!options) throw invalidArgument("An append begins with its options.");
        return append(context.log, options, events);
      }),
    );
  };
}

async function append(
  log: EventLog,
  options: WriteOptions,
  events: readonly ProposedEvent[],
): Promise<Buffer> {
  const { stream, expected } = options;
  const error = appendError(options, events);
  if (error) throw error;
  const result = await log.append(stream, expected, events);
  switch (result.outcome) {
    case "appended":
      return encodeAppendSuccess(result);
    case "wrong_expected_version":
      return encodeWrongExpectedVersion(expected, result.actual);
    case "stream_tombstoned":
      throw streamDeleted(stream);
    case "too_large":
      throw appendTooLarge(result.limit);
  }
}

export function serveDelete(
  context: HandlerContext,
  kind: "softDelete" | "tombstone",
): handleUnaryCall<WriteOptions, Buffer> {
  return ({ request }, callback) =>
    respond(context, callback, async () => {
      const { stream, expected } = request;
      const error = streamError(request);
      if (error) throw error;
      const result = await context.log[kind](stream, expected);
      switch (result.outcome) {
        case "deleted":
          return encodeDeleted(result.position);
        case "wrong_expected_version":
          throw wrongExpectedVersion(stream, expected, result.actual);
        case "stream_tombstoned":
          throw streamDeleted(stream);
      }
    });
}

function respond(
  { toGrpcError }: HandlerContext,
  callback: sendUnaryData<Buffer>,
  work: () => Promise<Buffer>,
): void {
  work().then(
    (message) => callback(null, message),
    (error: unknown) => callback(toGrpcError(error)),
  );
}
