// Streams.Read: a bounded read ends at its count or at the end of what there is; a subscription stays.
import type { handleServerStreamingCall } from "@grpc/grpc-js";
import type { EventLog } from "../engine/event-log.ts";
import type { ReadRequest } from "./codec/read-request.ts";
import { encodeStreamNotFound } from "./codec/read-response.ts";
import { openCursor, PAGE_EVENTS } from "./cursor.ts";
import { compileFilter, everything } from "./filter.ts";
import { eventEncoder } from "./links.ts";
import { Outlet } from "./outlet.ts";
import { invalidArgument, streamDeleted } from "./refusals.ts";
import type { Services } from "./services.ts";
import { follow } from "./subscription.ts";

export function serveRead({
  log,
  bell,
  stopping,
  refusalFor,
}: Services): handleServerStreamingCall<ReadRequest, Buffer> {
  return (call) => {
    const outlet = new Outlet(call, stopping);
    const request = call.request;
    const served =
      request.count === undefined
        ? follow(log, bell, request, outlet)
        : readOnce(log, request, request.count, outlet);
    served.catch((error: unknown) => outlet.refuse(refusalFor(error)));
  };
}

async function readOnce(log: EventLog, request: ReadRequest, count: bigint, outlet: Outlet): Promise<void> {
  const { stream } = request.source;
  if (stream === "") throw invalidArgument("A stream's name can't be empty.");
  const wanted = request.filter ? compileFilter(request.filter) : everything;
  const encodeEvent = eventEncoder(log, request.resolveLinks);
  const cursor = openCursor(log, request.source, request.direction);
  let left = count > Number.MAX_SAFE_INTEGER ? Number.MAX_SAFE_INTEGER : Number(count);
  while (left > 0) {
    // A filter may drop most of a page, so its size says nothing about how many events are still wanted.
    const page = cursor.read(request.filter ? PAGE_EVENTS : Math.min(left, PAGE_EVENTS));
    if (page.outcome === "stream_tombstoned") throw streamDeleted(stream ?? "$all");
    if (page.outcome === "stream_not_found") {
      outlet.send(encodeStreamNotFound(stream ?? "$all"));
      break;
    }
    for (const event of page.events) {
      if (left === 0 || !wanted(event)) continue;
      outlet.send(encodeEvent(event));
      left -= 1;
    }
    if (!page.more || left === 0) break;
    if (!(await outlet.drained())) return;
  }
  outlet.end();
}
