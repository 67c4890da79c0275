// What every handler is given.
import type { Logger } from "pino";
import { CorruptLog, type EventLog, StoreUnavailable } from "../engine/event-log.ts";
import type { CommitBell } from "./commit-bell.ts";
import type { Refusal } from "./refusals.ts";
import { dataLoss, internalError, isRefusal, storeUnavailable } from "./refusals.ts";

export interface Services {
  readonly log: EventLog;
  readonly bell: CommitBell;
  /** Aborted when the process is asked to end. */
  readonly stopping: AbortSignal;
  /** What a client is told about something that was thrown; only a bug is logged, and never described to it. */
  readonly refusalFor: (error: unknown) => Refusal;
}

export function refuseWith(logger: Logger): Services["refusalFor"] {
  return (error) => {
    if (isRefusal(error)) return error;
    if (error instanceof StoreUnavailable) return storeUnavailable(error);
    if (error instanceof CorruptLog) {
      logger.error({ err: error }, "the log is damaged");
      return dataLoss(error);
    }
    logger.error({ err: error }, "a call failed in a way that it should not");
    return internalError();
  };
}
