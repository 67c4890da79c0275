// How many dead letters wait for somebody, told to Prometheus from the read model.
import type { Database } from "#platform/database.ts";
import type { Log } from "#platform/log.ts";
import type { Metrics } from "#platform/metrics.ts";

interface Count {
  readonly stage: string | null;
  readonly partner: string | null;
  readonly count: bigint;
}

const EVERY_MS = 5_000;

export function watchDeadLetters({
  database,
  metrics,
  log,
}: {
  readonly database: Database;
  readonly metrics: Metrics;
  readonly log: Log;
}): () => void {
  async function look(): Promise<void> {
    const counts = await database.query<Count>(
      `select stage, case when stage = 'deliver' then partner end as partner, count(*)
         from leads.lead where status = 'dead_lettered' group by 1, 2`,
    );
    metrics.deadLetters.reset();
    for (const { stage, partner, count } of counts)
      metrics.deadLetters.set({ stage: stage ?? "", partner: partner ?? "" }, Number(count));
  }
  const timer = setInterval(() => {
    look().catch((error: unknown) => log.debug({ err: error }, "dead letters were not counted"));
  }, EVERY_MS);
  return () => {
    clearInterval(timer);
    metrics.deadLetters.reset();
  };
}
