// A subscription of one follower alone, for as long as it is too far behind for the tail.
import type { Calls } from "./calls.ts";
import { type Bounds, Feed } from "./feed.ts";
import { encodeSubscription, type Wanted } from "./read-request.ts";
import type { ReadMessage } from "./read-response.ts";
import { openReading } from "./reading.ts";

export interface CatchUp {
  readonly feed: Feed;
  close(): void;
}

/** `from` is exclusive; 0n for the start. What does not fit into the bounds waits in the store. */
export function catchUp(calls: Calls, wanted: Wanted, from: bigint, bounds: Bounds): CatchUp {
  const feed = new Feed(from, bounds, () => reading.resume());
  const reading = openReading(calls, {
    request: encodeSubscription(wanted, from),
    onMessage: receive,
    onEnd: (error) => feed.end(error ?? new Error("the subscription ended")),
  });

  function receive(message: ReadMessage): void {
    switch (message.kind) {
      case "event":
        if (message.event) feed.push(message.event);
        else feed.moveTo(message.position);
        break;
      case "checkpoint":
        feed.checkpoint(message.position);
        break;
      case "caught_up":
        feed.caughtUp();
        break;
      case "fell_behind":
        feed.live = false;
        break;
      case "stream_not_found":
      case "other":
        break;
    }
    if (!feed.full) return;
    // What is held back may already lie behind the end that was reached before.
    feed.live = false;
    reading.pause();
  }

  return {
    feed,
    close() {
      reading.cancel();
      feed.end();
    },
  };
}
