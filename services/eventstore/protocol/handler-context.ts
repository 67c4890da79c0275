import type { EventLog } from "../engine/event-log.ts";
import type { CommitNotifier } from "./commit-notifier.ts";
import type { GrpcError } from "./errors.ts";

/** What every handler is given. */
export interface HandlerContext {
  readonly log: EventLog;
  readonly commits: CommitNotifier;
  /** Aborted when the process is asked to end. */
  readonly stopping: AbortSignal;
  readonly toGrpcError: (error: unknown) => GrpcError;
}
