// What is checked of a write before the engine sees it.
import type { ProposedEvent } from "../engine/event-log.ts";
import type { WriteOptions } from "./codec/write-options.ts";
import { type GrpcError, invalidArgument, metadataMissing } from "./errors.ts";

/** One append beyond this is not even collected, so that no client can fill the memory. */
export const MAX_COLLECTED_BYTES = 64 * 1024 * 1024;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The error of a stream that can't be written to, if it has one. */
export function streamError({ stream }: WriteOptions): GrpcError | undefined {
  if (stream === "") return invalidArgument("A stream's name can't be empty.");
  if (stream === "$all") return invalidArgument("$all is not a stream that can be written to.");
  return undefined;
}

export function appendError(options: WriteOptions, events: readonly ProposedEvent[]): GrpcError | undefined {
  for (const { id, type, contentType } of events) {
    if (!UUID.test(id)) return invalidArgument(`The event id '${id}' is not a UUID.`);
    if (type === "" || contentType === "") {
      const missing = type === "" ? ["type"] : [];
      return metadataMissing(contentType === "" ? [...missing, "content-type"] : missing);
    }
  }
  return streamError(options);
}
