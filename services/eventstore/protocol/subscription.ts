// A catch-up subscription: history page by page, `caught_up`, then whatever is committed, for as long as the reader stays.
import { randomUUID } from "node:crypto";
import type { EventLog, From, RecordedEvent } from "../engine/event-log.ts";
import type { ReadRequest } from "./codec/read-request.ts";
import { encodeCaughtUp, encodeCheckpoint, encodeConfirmation } from "./codec/read-response.ts";
import type { CommitNotifier } from "./commit-notifier.ts";
import { Cursor, PAGE_EVENTS, subscriptionStart } from "./cursor.ts";
import { invalidArgument } from "./errors.ts";
import { compileFilter } from "./filter.ts";
import { eventEncoder } from "./links.ts";
import type { ResponseStream } from "./response-stream.ts";

export async function subscribe(
  log: EventLog,
  commits: CommitNotifier,
  { source, direction, filter, resolveLinks }: ReadRequest,
  responses: ResponseStream,
): Promise<void> {
  if (direction === "backwards") throw invalidArgument("Subscriptions only run forwards.");
  const start = subscriptionStart(log, source);
  const cursor = new Cursor(log, start, "forwards");
  const passes = compileFilter(filter);
  const encodeEvent = eventEncoder(log, resolveLinks);
  const checkpoints = filter && new Checkpoints(filter.checkpointInterval, start.from, responses);
  const readToEnd = async (): Promise<void> => {
    let more = true;
    while (more && !responses.closed) {
      const page = cursor.read(PAGE_EVENTS);
      for (const event of page.events) {
        if (passes(event)) responses.send(encodeEvent(event));
        checkpoints?.count(event);
      }
      more = page.more;
      if (more) await responses.drained();
    }
  };

  responses.send(encodeConfirmation(randomUUID()));
  let notified = false;
  const stopListening = commits.listen(() => {
    notified = true;
    responses.wake();
  });
  try {
    let lastSeen: bigint | undefined;
    let caughtUp = false;
    while (!responses.closed) {
      notified = false;
      const last = source.stream === undefined ? log.head : log.lastRevision(source.stream);
      // Most commits are about other streams, and must not cost this one a read.
      if (last !== lastSeen) await readToEnd();
      lastSeen = last;
      if (!caughtUp) {
        checkpoints?.send();
        responses.send(encodeCaughtUp());
        caughtUp = true;
      }
      responses.flush();
      if (responses.full) await responses.drained();
      while (!notified && !responses.closed) await responses.sleep();
    }
  } finally {
    stopListening();
  }
}

/** Sends a checkpoint for every `interval` events that a filter looked at, whether or not they passed. */
class Checkpoints {
  readonly #interval: number;
  readonly #responses: ResponseStream;
  #counted = 0;
  #position: bigint;

  constructor(interval: number, start: From, responses: ResponseStream) {
    this.#interval = interval;
    this.#responses = responses;
    this.#position = typeof start === "bigint" ? start - 1n : 0n;
  }

  count({ position }: RecordedEvent): void {
    this.#position = position;
    this.#counted += 1;
    if (this.#counted % this.#interval === 0) this.send();
  }

  send(): void {
    // Before the first event there is no position to resume from.
    if (this.#position > 0n) this.#responses.send(encodeCheckpoint(this.#position));
  }
}
