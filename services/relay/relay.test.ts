import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Bus } from "#platform/bus/bus.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import { createLog } from "#platform/log.ts";
import { createMetrics } from "#platform/metrics.ts";
import { until } from "../../test/harness/wait.ts";
import { relayWhile } from "./relay.ts";

const relay = suite("relay that gives up its lease");
const log = createLog({ level: "silent", name: "test", instance: "test" });

relay("tells no lag of its own any more, whatever was asked before", async () => {
  const metrics = createMetrics();
  const stop = new AbortController();
  const later = Promise.withResolvers<number>();
  const lags = [Promise.resolve(7), later.promise];
  const bus: Partial<Bus> = { lastMessage: async () => undefined, lastSeq: async () => 0 };
  const eventStore: Partial<EventStore> = {
    head: async () => 0n,
    follow({ name, signal }) {
      const { promise: done, resolve } = Promise.withResolvers<void>();
      signal.addEventListener("abort", () => resolve(), { once: true });
      const lag = () => lags.shift() ?? Promise.resolve(0);
      return { name, position: undefined, live: false, waiting: 0, lag, done };
    },
  };
  const done = relayWhile(
    {
      ...{ bus: bus as Bus, eventStore: eventStore as EventStore, metrics, log },
      unfinished: { list: async () => [], checkpoint: async () => 0n },
      ...{ partitions: 1, publishFacts: false },
      signature: { header: "Signature", sign: () => "", isSigned: () => true },
    },
    stop.signal,
  );
  const shown = async (): Promise<number | undefined> =>
    (await metrics.relayLagEvents.get()).values[0]?.value;
  await until("its lag is shown", async () => (await shown()) === 7);
  await until("it is asked again", () => lags.length === 0);
  stop.abort();
  await done;
  later.resolve(9);
  await new Promise(setImmediate);
  assert.is(await shown(), 0);
});

relay.run();
