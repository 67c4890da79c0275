// How many dead letters wait for a decision, shown to Prometheus from the read model.
import { every } from "#platform/every.ts";
import type { Log } from "#platform/log.ts";
import type { Metrics } from "#platform/metrics.ts";
import type { DeadLetterQueries } from "#projections/dead-letters/query.ts";

const EVERY_MS = 5_000;

export interface DeadLetterGaugeParts {
  readonly letters: Pick<DeadLetterQueries, "counts">;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** Returns what ends it. */
export function countDeadLetters({ letters, metrics, log }: DeadLetterGaugeParts): () => void {
  let stopped = false;
  const stop = every({
    ms: EVERY_MS,
    async work() {
      const counts = await letters.counts();
      // Somebody else tells it by now.
      if (stopped) return;
      metrics.deadLetters.reset();
      for (const { stage, partner, count } of counts)
        metrics.deadLetters.set({ stage, partner: partner ?? "" }, Number(count));
    },
    onError: (error) => log.debug({ err: error }, "dead letters not counted"),
  });
  return () => {
    stopped = true;
    stop();
    metrics.deadLetters.reset();
  };
}
