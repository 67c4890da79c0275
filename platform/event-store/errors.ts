// The two ways in which an append can end badly that a caller can do something about.

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
