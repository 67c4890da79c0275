// Every error that a call can end with, as a gRPC status with the trailers that clients read.
import { Metadata, type ServiceError, status } from "@grpc/grpc-js";
import type { Logger } from "pino";
import { CorruptLog, type Expected, NO_STREAM, StoreUnavailable } from "../engine/event-log.ts";

export type GrpcError = ServiceError;

export function grpcError(
  code: status,
  details: string,
  trailers: Readonly<Record<string, string>> = {},
): GrpcError {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(trailers)) metadata.set(name, printable(value));
  return Object.assign(new Error(details), { code, details, metadata });
}

/** HTTP/2 trailers are ASCII; any other character of a stream's name is percent-encoded. */
function printable(value: string): string {
  return value.replace(/[^\x20-\x7e]+/gu, (part) => encodeURIComponent(part));
}

/** The error for whatever a handler threw. A bug is logged, and not described to the client. */
export function toGrpcError(error: unknown, logger: Logger): GrpcError {
  if (isGrpcError(error)) return error;
  if (error instanceof StoreUnavailable) return grpcError(status.UNAVAILABLE, error.message);
  if (error instanceof CorruptLog) {
    logger.error({ err: error }, "event log damaged");
    return grpcError(status.DATA_LOSS, error.message);
  }
  logger.error({ err: error }, "call failed unexpectedly");
  return grpcError(status.INTERNAL, "Internal error; the log of the event store says more.");
}

function isGrpcError(error: unknown): error is GrpcError {
  return error instanceof Error && "code" in error && "metadata" in error && "details" in error;
}

export function streamDeleted(stream: string): GrpcError {
  return grpcError(status.FAILED_PRECONDITION, `Event stream '${stream}' is deleted.`, {
    exception: "stream-deleted",
    "stream-name": stream,
  });
}

export function wrongExpectedVersion(stream: string, expected: Expected, actual: bigint): GrpcError {
  const expectedVersion = versionNumber(expected).toString();
  return grpcError(
    status.FAILED_PRECONDITION,
    `Wrong expected version of stream '${stream}': expected ${expectedVersion}, actual ${actual}.`,
    {
      exception: "wrong-expected-version",
      "stream-name": stream,
      "expected-version": expectedVersion,
      // Clients take an empty value for "there is no stream".
      "actual-version": actual === NO_STREAM ? "" : actual.toString(),
    },
  );
}

function versionNumber(expected: Expected): bigint {
  switch (expected.kind) {
    case "revision":
      return expected.revision;
    case "no_stream":
      return -1n;
    case "any":
      return -2n;
    case "stream_exists":
      return -4n;
  }
}

export function appendTooLarge(limit: number): GrpcError {
  return grpcError(status.INVALID_ARGUMENT, `Maximum append size of ${limit} bytes exceeded.`, {
    exception: "maximum-append-size-exceeded",
    "maximum-append-size": limit.toString(),
  });
}

export function metadataMissing(names: readonly string[]): GrpcError {
  return grpcError(status.INVALID_ARGUMENT, `Required metadata properties missing: ${names.join(", ")}.`, {
    exception: "missing-required-metadata-property",
    "required-metadata-properties": names.join(","),
  });
}

export function invalidArgument(details: string): GrpcError {
  return grpcError(status.INVALID_ARGUMENT, details);
}

export function unauthenticated(details: string): GrpcError {
  return grpcError(status.UNAUTHENTICATED, details, { exception: "access-denied" });
}

export function stopping(): GrpcError {
  return grpcError(status.UNAVAILABLE, "The event store is stopping.");
}
