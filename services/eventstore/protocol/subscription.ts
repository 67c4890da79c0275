// A catch-up subscription: history page by page, `caught_up`, then whatever is committed, for as long as the reader stays.
import { randomUUID } from "node:crypto";
import type { EventLog, Recorded } from "../engine/event-log.ts";
import type { ReadRequest } from "./codec/read-request.ts";
import { encodeCaughtUp, encodeCheckpoint, encodeConfirmation } from "./codec/read-response.ts";
import type { CommitBell } from "./commit-bell.ts";
import { behind, openCursor, PAGE_EVENTS } from "./cursor.ts";
import { compileFilter, everything } from "./filter.ts";
import { eventEncoder } from "./links.ts";
import type { Outlet } from "./outlet.ts";
import { invalidArgument, streamDeleted } from "./refusals.ts";

/** Counts every event that a filter looked at, wanted or not, and says when a checkpoint is due. */
class Checkpoints {
  readonly #interval: number;
  readonly #outlet: Outlet;
  #considered = 0;
  #position: bigint;

  constructor(interval: number, outlet: Outlet, start: bigint) {
    this.#interval = interval;
    this.#outlet = outlet;
    this.#position = start;
  }

  considered(event: Recorded): void {
    this.#position = event.position;
    this.#considered += 1;
    if (this.#considered % this.#interval === 0) this.send();
  }

  send(): void {
    // Before the first event there is no position that could be resumed from.
    if (this.#position > 0n) this.#outlet.send(encodeCheckpoint(this.#position));
  }
}

export async function follow(
  log: EventLog,
  bell: CommitBell,
  request: ReadRequest,
  outlet: Outlet,
): Promise<void> {
  const { stream } = request.source;
  if (stream === "") throw invalidArgument("A stream's name can't be empty.");
  if (request.direction === "backwards") throw invalidArgument("Subscriptions only run forwards.");
  const wanted = request.filter ? compileFilter(request.filter) : everything;
  const encodeEvent = eventEncoder(log, request.resolveLinks);
  const start = behind(log, request.source);
  const cursor = openCursor(log, start, "forwards");
  const checkpoints = request.filter
    ? new Checkpoints(
        request.filter.checkpointInterval,
        outlet,
        typeof start.from === "bigint" ? start.from - 1n : 0n,
      )
    : undefined;
  outlet.send(encodeConfirmation(randomUUID()));

  let rung = false;
  const stopListening = bell.listen(() => {
    rung = true;
    outlet.wake();
  });
  try {
    let caughtUp = false;
    let seenRevision: bigint | undefined;
    while (!outlet.closed) {
      rung = false;
      const lastRevision = stream === undefined ? undefined : log.lastRevision(stream);
      if (lastRevision === undefined || lastRevision !== seenRevision) {
        const page = cursor.read(PAGE_EVENTS);
        if (page.outcome === "stream_tombstoned") throw streamDeleted(stream ?? "$all");
        for (const event of page.events) {
          if (wanted(event)) outlet.send(encodeEvent(event));
          checkpoints?.considered(event);
        }
        if (page.more) {
          await outlet.drained();
          continue;
        }
        seenRevision = lastRevision;
      }
      if (!caughtUp) {
        caughtUp = true;
        checkpoints?.send();
        outlet.send(encodeCaughtUp());
      }
      outlet.flush();
      if (outlet.full) await outlet.drained();
      while (!rung && !outlet.closed) await outlet.sleep();
    }
  } finally {
    stopListening();
  }
}
