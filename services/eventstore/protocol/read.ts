// Streams.Read: a bounded read ends at its count or at the end of what there is; a subscription stays.
import type { handleServerStreamingCall } from "@grpc/grpc-js";
import type { EventLog } from "../engine/event-log.ts";
import type { ReadRequest } from "./codec/read-request.ts";
import { encodeStreamNotFound } from "./codec/read-response.ts";
import { Cursor, PAGE_EVENTS } from "./cursor.ts";
import { stopping as stoppingError } from "./errors.ts";
import { compileFilter } from "./filter.ts";
import type { HandlerContext } from "./handler-context.ts";
import { eventEncoder } from "./links.ts";
import { ResponseStream } from "./response-stream.ts";
import { subscribe } from "./subscription.ts";

export function serveRead(context: HandlerContext): handleServerStreamingCall<ReadRequest, Buffer> {
  const { log, commits, stopping, toGrpcError } = context;
  const open = new Set<ResponseStream>();
  // One listener for all: each that is added to a signal is compared with all that are there.
  const stop = (): void => {
    for (const responses of open) responses.fail(stoppingError());
  };
  stopping.addEventListener("abort", stop, { once: true });
  return (call) => {
    const { request } = call;
    const responses = new ResponseStream(call);
    open.add(responses);
    call.once("close", () => open.delete(responses));
    if (stopping.aborted) stop();
    const served =
      request.count === undefined
        ? subscribe(log, commits, request, responses)
        : read(log, request, request.count, responses);
    served.catch((error: unknown) => responses.fail(toGrpcError(error)));
  };
}

async function read(
  log: EventLog,
  { source, direction, filter, resolveLinks }: ReadRequest,
  count: bigint,
  responses: ResponseStream,
): Promise<void> {
  const cursor = new Cursor(log, source, direction);
  const passes = compileFilter(filter);
  const encodeEvent = eventEncoder(log, resolveLinks);
  let left = Math.min(Number(count), Number.MAX_SAFE_INTEGER);
  while (left > 0 && !responses.closed) {
    // A filter may drop most of a page, so its size says nothing about how many events are still wanted.
    const page = cursor.read(filter ? PAGE_EVENTS : Math.min(left, PAGE_EVENTS));
    if (!page.found) responses.send(encodeStreamNotFound(source.stream ?? "$all"));
    for (const event of page.events) {
      if (left === 0 || !passes(event)) continue;
      responses.send(encodeEvent(event));
      left -= 1;
    }
    if (!page.more || left === 0) break;
    await responses.drained();
  }
  responses.end();
}
