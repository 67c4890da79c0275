// Every way in which a call can be refused, as a gRPC status with the trailers that clients read.
import type { ServiceError } from "@grpc/grpc-js";
import { Metadata, status } from "@grpc/grpc-js";
import type { CorruptLog, Expected, StoreUnavailable } from "../engine/event-log.ts";
import { NO_STREAM } from "../engine/event-log.ts";

export type Refusal = ServiceError;

export function refusal(
  code: status,
  details: string,
  trailers: Readonly<Record<string, string>> = {},
): Refusal {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(trailers)) metadata.set(name, printable(value));
  return Object.assign(new Error(details), { code, details, metadata });
}

/** Trailers are ASCII by HTTP/2's rules; any other character of a stream's name travels percent-encoded. */
function printable(value: string): string {
  return value.replace(/[^\x20-\x7e]+/gu, (part) => encodeURIComponent(part));
}

export function streamDeleted(stream: string): Refusal {
  return refusal(status.FAILED_PRECONDITION, `Event stream '${stream}' is deleted.`, {
    exception: "stream-deleted",
    "stream-name": stream,
  });
}

export function wrongExpectedVersion(stream: string, expected: Expected, actual: bigint): Refusal {
  const expectedVersion = versionNumber(expected).toString();
  return refusal(
    status.FAILED_PRECONDITION,
    `Wrong expected version of stream '${stream}': expected ${expectedVersion}, actual ${actual}.`,
    {
      exception: "wrong-expected-version",
      "stream-name": stream,
      "expected-version": expectedVersion,
      // An empty value is how clients are told that there is no stream.
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

export function appendTooLarge(limit: number): Refusal {
  return refusal(status.INVALID_ARGUMENT, `Maximum append size of ${limit} bytes exceeded.`, {
    exception: "maximum-append-size-exceeded",
    "maximum-append-size": limit.toString(),
  });
}

export function metadataMissing(names: readonly string[]): Refusal {
  return refusal(status.INVALID_ARGUMENT, `Required metadata properties missing: ${names.join(", ")}.`, {
    exception: "missing-required-metadata-property",
    "required-metadata-properties": names.join(","),
  });
}

export function invalidArgument(details: string): Refusal {
  return refusal(status.INVALID_ARGUMENT, details);
}

export function unauthenticated(details: string): Refusal {
  return refusal(status.UNAUTHENTICATED, details, { exception: "access-denied" });
}

export function stopping(): Refusal {
  return refusal(status.UNAVAILABLE, "The event store is stopping.");
}

export function storeUnavailable(error: StoreUnavailable): Refusal {
  return refusal(status.UNAVAILABLE, error.message);
}

export function dataLoss(error: CorruptLog): Refusal {
  return refusal(status.DATA_LOSS, error.message);
}

export function internalError(): Refusal {
  return refusal(status.INTERNAL, "Internal error; the log of the event store says more.");
}

export function isRefusal(error: unknown): error is Refusal {
  return error instanceof Error && "code" in error && "metadata" in error && "details" in error;
}
