// Everything that can go wrong on the bus, as one class with a reason to act on.
import { ErrorCode, NatsError } from "nats";

export type BusFailure =
  /** No answer in time: it may have happened. */
  | "timeout"
  /** There is no connection now, or it broke before the answer: it may have happened. */
  | "disconnected"
  /** Nobody is there to answer. */
  | "no_responders"
  /** JetStream refuses it. */
  | "rejected"
  /** The one who serves the request failed. */
  | "refused";

export class BusError extends Error {
  override name = "BusError";
  readonly reason: BusFailure;

  constructor(reason: BusFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** For what the client throws. */
export function toBusError(error: unknown, doing: string): BusError {
  if (error instanceof BusError) return error;
  const code = error instanceof NatsError ? error.code : undefined;
  const reason = ((): BusFailure => {
    if (code === ErrorCode.Timeout) return "timeout";
    if (code === ErrorCode.NoResponders) return "no_responders";
    if (code === ErrorCode.ApiError || code === ErrorCode.MaxPayloadExceeded) return "rejected";
    return "disconnected";
  })();
  return new BusError(reason, `${doing}: ${error instanceof Error ? error.message : "failed"}`, {
    cause: error,
  });
}
