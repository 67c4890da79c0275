// The one method that EventStoreDB does not have: a copy of the log for a backup. It needs credentials as the others do.
import { rmSync } from "node:fs";
import type { handleUnaryCall } from "@grpc/grpc-js";
import type { HandlerContext } from "./handler-context.ts";

export const COPY_PATH = "/switchyard.event_log.EventLog/Copy";

/** Responds with `{"file", "head"}` in JSON: only our own command asks. */
export function serveCopy({ log, toGrpcError }: HandlerContext): handleUnaryCall<Buffer, Buffer> {
  /** How many wait for the copy that is made. */
  let waiting = 0;
  let isFetched = false;

  /** A copy that nobody waits for any more would take as much room as the log, until the next one. */
  function taken(file: string, isGone: boolean): void {
    waiting -= 1;
    isFetched ||= !isGone;
    if (waiting > 0) return;
    if (!isFetched) rmSync(file, { force: true });
    isFetched = false;
  }

  return (call, callback) => {
    waiting += 1;
    log.copy().then(
      ({ file, head }) => {
        callback(null, Buffer.from(JSON.stringify({ file, head: `${head}` })));
        taken(file, call.cancelled);
      },
      (error: unknown) => {
        waiting -= 1;
        callback(toGrpcError(error));
      },
    );
  };
}
