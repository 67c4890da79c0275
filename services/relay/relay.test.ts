import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Bus } from "#platform/bus/bus.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import { createLog } from "#platform/log.ts";
import { createMetrics } from "#platform/metrics.ts";
import { until } from "../../test/harness/wait.ts";
import { relayWhile } from "./relay.ts";

const relay = suite("lag of the relay");
const log = createLog({ level: "silent", name: "test", instance: "test" });

interface Relaying {
  shown(): Promise<number | undefined>;
  stop(): Promise<void>;
}

/** With an empty stream, on a log of this length. */
function relaying(
  head: bigint,
  lag: () => Promise<number>,
  checkpoint = async (): Promise<bigint> => 0n,
): Relaying {
  const metrics = createMetrics();
  const stop = new AbortController();
  const bus: Partial<Bus> = { lastMessage: async () => undefined, lastSeq: async () => 0 };
  const eventStore: Partial<EventStore> = {
    head: async () => head,
    follow({ name, signal }) {
      const { promise: done, resolve } = Promise.withResolvers<void>();
      signal.addEventListener("abort", () => resolve(), { once: true });
      return { name, position: undefined, live: false, waiting: 0, lag, done };
    },
  };
  const done = relayWhile(
    {
      ...{ bus: bus as Bus, eventStore: eventStore as EventStore, metrics, log },
      unfinished: { list: async () => [], checkpoint },
      ...{ partitions: 1, publishFacts: false },
      signature: { header: "Signature", sign: () => "", isSigned: () => true },
    },
    stop.signal,
  );
  return {
    shown: async () => (await metrics.relayLagEvents.get()).values[0]?.value,
    async stop() {
      stop.abort();
      await done;
    },
  };
}

relay("is told no more by one that gives up its lease, whatever was asked before", async () => {
  const later = Promise.withResolvers<number>();
  const lags = [Promise.resolve(7), later.promise];
  const { shown, stop } = relaying(0n, () => lags.shift() ?? Promise.resolve(0));
  await until("its lag is shown", async () => (await shown()) === 7);
  await until("it is asked again", () => lags.length === 0);
  await stop();
  later.resolve(9);
  await new Promise(setImmediate);
  assert.is(await shown(), 0);
});

relay("is all that is not relayed while nobody can say where to begin", async () => {
  let isAway = true;
  const { shown, stop } = relaying(
    1_200n,
    async () => 7,
    async () => {
      if (isAway) throw new Error("the database is away");
      return 0n;
    },
  );
  await until("all of it is shown", async () => (await shown()) === 1_200);
  isAway = false;
  await until("what is left is shown", async () => (await shown()) === 7);
  await stop();
  assert.is(await shown(), 0);
});

relay.run();
