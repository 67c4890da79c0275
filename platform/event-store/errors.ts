// What can go wrong with the store, as classes: what a caller can act on, and what another try may mend.
import {
  AccessDeniedError,
  InvalidArgumentError,
  MaxAppendSizeExceededError,
  StreamDeletedError,
  StreamNotFoundError,
  UnsupportedError,
  WrongExpectedVersionError,
} from "@eventstore/db-client";

export class WrongExpectedRevision extends Error {
  override name = "WrongExpectedRevision";
  readonly stream: string;
  readonly actual: bigint | "no_stream";

  constructor(stream: string, actual: bigint | "no_stream") {
    super(`${stream} is at ${actual}, which is not what was expected`);
    this.stream = stream;
    this.actual = actual;
  }
}

/** It was not confirmed in time. An append may have happened all the same; repeating it with the same ids is safe. */
export class EventStoreUnavailable extends Error {
  override name = "EventStoreUnavailable";
}

/** One attempt got no answer: an append can be lost with the connection that it was written to. */
export class NoAnswer extends Error {
  override name = "NoAnswer";
}

/** Another try would end the same way. */
const FINAL = [
  WrongExpectedVersionError,
  AccessDeniedError,
  InvalidArgumentError,
  MaxAppendSizeExceededError,
  StreamDeletedError,
  StreamNotFoundError,
  UnsupportedError,
  // Bugs of ours, such as data that is no JSON.
  TypeError,
  RangeError,
];

/** It can never be read again. */
export const isDeletedStream = (error: unknown): boolean => error instanceof StreamDeletedError;

/** Whatever is not known to be final comes from the connection, in many shapes. */
export function mayPass(error: unknown): boolean {
  return !FINAL.some((kind) => error instanceof kind);
}
