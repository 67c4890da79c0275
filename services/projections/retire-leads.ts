// Keeps the payloads of leads in the read model for as many days as configured. See docs/decisions/0114.
import type { Database } from "#platform/database.ts";
import { every } from "#platform/every.ts";
import type { Log } from "#platform/log.ts";
import { dropPayloads, retainedFrom } from "#projections/leads/retention.ts";

const EVERY_MS = 60 * 60 * 1_000;

export interface Retention {
  /** In the model in use, or a rebuild of it, which takes the payloads from the log again. */
  retire(schema: string, signal: AbortSignal): Promise<void>;
  /** Now, and regularly. Returns what ends it. */
  keepUp(schema: string): () => void;
}

export function createRetention({
  database,
  days,
  log,
}: {
  readonly database: Database;
  readonly days: number | undefined;
  readonly log: Log;
}): Retention {
  async function retire(schema: string, signal: AbortSignal): Promise<void> {
    if (days === undefined) return;
    const before = retainedFrom(days, new Date());
    const leads = await dropPayloads(database, schema, before, signal);
    if (leads > 0) log.info({ projection: schema, leads, before }, "payloads of old leads dropped");
  }
  return {
    retire,
    keepUp(schema) {
      const ending = new AbortController();
      const stop = every({
        ms: EVERY_MS,
        atOnce: true,
        work: () => retire(schema, ending.signal),
        onError: (error) => log.warn({ err: error }, "payloads of old leads not dropped yet"),
      });
      return () => {
        ending.abort();
        stop();
      };
    },
  };
}
