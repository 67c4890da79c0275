// An event store that a test can stop for a while, with a connection to it as services have one.
import { connectEventStore, type EventStore } from "#platform/event-store/event-store.ts";
import type { NewEvent, StoredEvent } from "#platform/event-store/stored-event.ts";
import { newUuid } from "#platform/ids.ts";
import { createLog } from "#platform/log.ts";
import { startEventStore, temporaryFolder } from "./server.ts";

export interface KillableStore {
  readonly port: number;
  readonly store: EventStore;
  /** It receives nothing and sends nothing until it is killed. */
  freeze(): void;
  /** Kills it, and starts it where it was once the work is done. */
  whileDown(work: () => Promise<void>): Promise<void>;
  stop(): Promise<void>;
}

export const silent = createLog({ level: "silent", name: "test", instance: "test" });

export async function startKillableStore(): Promise<KillableStore> {
  const dir = temporaryFolder();
  let server = await startEventStore({ dir });
  const store = connectEventStore({ url: `esdb://127.0.0.1:${server.port}?tls=false`, log: silent });
  return {
    port: server.port,
    store,
    freeze: () => void process.kill(server.pid, "SIGSTOP"),
    async whileDown(work) {
      await server.kill();
      await work();
      server = await startEventStore({ dir, port: server.port });
    },
    async stop() {
      await store.close();
      await server.stop();
    },
  };
}

export const counted = (n: number, id = newUuid()): NewEvent => ({
  id,
  type: "Counted",
  data: { n },
  metadata: { schema: 2, at: "2026-01-01T00:00:00.000Z", trace: "t" },
});
export const numberOf = ({ data }: StoredEvent): number => (data as { n: number }).n;
export const numbersUpTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);
