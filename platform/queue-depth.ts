// How much waits in the mailboxes that this process reads, shown to Prometheus.
import type { Inspector } from "./bus/inspect.ts";
import type { StreamName } from "./bus/topology.ts";
import { every } from "./every.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";

/** The server pays for each look. */
const LOOK_MS = 5_000;

export interface Queue {
  /** As its label says it. */
  readonly name: string;
  readonly mailbox: string;
  readonly stream?: StreamName;
}

export interface QueueDepthParts {
  readonly bus: Pick<Inspector, "consumerState">;
  /** Those that this process reads at the moment. */
  readonly queues: () => readonly Queue[];
  readonly metrics: Pick<Metrics, "queueDepth" | "queueRedelivered">;
  readonly log: Log;
}

/** Returns what ends it; then this process shows none of them any more. */
export function showQueueDepths({ bus, queues, metrics, log }: QueueDepthParts): () => void {
  const shown = new Set<string>();
  let isEnded = false;

  function forget(queue: string): void {
    metrics.queueDepth.remove({ queue });
    metrics.queueRedelivered.remove({ queue });
    shown.delete(queue);
  }

  const end = every({
    ms: LOOK_MS,
    atOnce: true,
    async work() {
      const present = queues();
      const names = new Set(present.map(({ name }) => name));
      for (const queue of shown) if (!names.has(queue)) forget(queue);
      for (const { name: queue, mailbox, stream } of present) {
        const state = await bus.consumerState(mailbox, stream);
        if (isEnded) return;
        metrics.queueDepth.set({ queue }, state === undefined ? 0 : state.pending + state.ackPending);
        metrics.queueRedelivered.set({ queue }, state?.redelivered ?? 0);
        shown.add(queue);
      }
    },
    onError: (error) => log.debug({ err: error }, "queues not looked at"),
  });
  return () => {
    isEnded = true;
    end();
    for (const queue of [...shown]) forget(queue);
  };
}
