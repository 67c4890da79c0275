// The one method that EventStoreDB does not have: a copy of the log for a backup. It needs credentials as the others do.
import type { handleUnaryCall } from "@grpc/grpc-js";
import type { HandlerContext } from "./handler-context.ts";

export const COPY_PATH = "/switchyard.event_log.EventLog/Copy";

/** Responds with `{"file", "head"}` in JSON: only our own command asks. */
export function serveCopy({ log, toGrpcError }: HandlerContext): handleUnaryCall<Buffer, Buffer> {
  return (_call, callback) => {
    log.copy().then(
      ({ file, head }) => callback(null, Buffer.from(JSON.stringify({ file, head: `${head}` }))),
      (error: unknown) => callback(toGrpcError(error)),
    );
  };
}
