// One subscription of the client, as a queue of what has arrived.
import {
  type AllStreamResolvedEvent,
  type AllStreamSubscription,
  type EventStoreDBClient,
  excludeSystemEvents,
  type Filter,
  START,
  streamNameFilter,
} from "@eventstore/db-client";
import { type StoredEvent, toStoredEvent } from "./stored-event.ts";

interface Batch {
  readonly events: StoredEvent[];
  /** How far the log is done with once the events are handled; undefined when nothing moved. */
  readonly position: bigint | undefined;
  /** Whether the end of the log lies in this batch. */
  readonly caughtUp: boolean;
}

export interface Subscription {
  readonly waiting: number;
  /** True when there is something to take, false when it was told to stop; throws when the subscription broke. */
  arrival(): Promise<boolean>;
  take(maxCount: number): Batch;
  close(): void;
}

export interface SubscriptionOptions {
  readonly prefixes: readonly string[];
  /** Exclusive; undefined for the start. */
  readonly from: bigint | undefined;
  readonly maxCount: number;
  readonly signal: AbortSignal;
}

/** What the log's reader passes by without a match is told from time to time, so that a restart need not pass it again. */
const CHECKPOINTS = { maxSearchWindow: 100, checkpointInterval: 10 };

/** Checkpoints and the end of the log are put in line with the events, where their order is kept. */
type Item = AllStreamResolvedEvent | { readonly checkpoint: bigint } | { readonly caughtUp: true };

export function openSubscription(
  client: EventStoreDBClient,
  { prefixes, from, maxCount, signal }: SubscriptionOptions,
): Subscription {
  const checkpointReached = (source: AllStreamSubscription, { commit }: { commit: bigint }): void => {
    source.push({ checkpoint: commit } satisfies Item);
  };
  const filter: Filter =
    prefixes.length > 0
      ? streamNameFilter({ prefixes: [...prefixes], checkpointReached, ...CHECKPOINTS })
      : excludeSystemEvents({ checkpointReached, ...CHECKPOINTS });
  const source = client.subscribeToAll(
    { fromPosition: from ? { commit: from, prepare: from } : START, filter },
    { highWaterMark: maxCount },
  );

  let broken: Error | undefined;
  let wake = (): void => undefined;
  const breakOff = (error: Error) => {
    broken ??= error;
    wake();
  };
  // The client emits "error" more than once and without ending the stream, so the listener stays.
  source.on("error", breakOff);
  source.on("close", () => breakOff(new Error("the subscription closed")));
  source.on("end", () => breakOff(new Error("the subscription ended")));
  source.on("caughtUp", () => {
    source.push({ caughtUp: true } satisfies Item);
  });
  source.on("readable", () => wake());
  const onStop = (): void => wake();
  signal.addEventListener("abort", onStop);

  return {
    get waiting() {
      return source.readableLength;
    },
    async arrival() {
      while (source.readableLength === 0 && !broken && !signal.aborted) {
        const something = Promise.withResolvers<void>();
        wake = something.resolve;
        await something.promise;
      }
      if (signal.aborted) return false;
      if (broken) throw broken;
      return true;
    },
    take(most) {
      const events: StoredEvent[] = [];
      let position: bigint | undefined;
      let caughtUp = false;
      for (let item: Item | null; events.length < most; ) {
        item = source.read();
        if (item === null) break;
        if ("checkpoint" in item) {
          position = item.checkpoint;
        } else if ("caughtUp" in item) {
          caughtUp = true;
        } else {
          const event = toStoredEvent(item);
          if (!event) continue;
          events.push(event);
          position = event.position;
        }
      }
      return { events, position, caughtUp };
    },
    close() {
      signal.removeEventListener("abort", onStop);
      // What still arrives is dropped; a stream that never opened has nothing to cancel.
      source.unsubscribe().catch(() => undefined);
      source.destroy();
    },
  };
}
