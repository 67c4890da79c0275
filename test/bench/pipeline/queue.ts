// The comparison system, what a user would build instead: Fastify, BullMQ and Redis; optionally a history in PostgreSQL.
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Pool } from "pg";
import { type PostgresServer, startPostgres } from "../../harness/postgres.ts";
import { type Fsync, startRedis } from "../intake/redis.ts";
import { startChild } from "./child.ts";
import { now } from "./clock.ts";
import type { ProcessTree } from "./processes.ts";
import type { QueueApi } from "./queue/api.ts";
import { createTables } from "./queue/history.ts";
import type { WorkerApi } from "./queue/worker.ts";
import { countSerials, type ReadModels } from "./read-models.ts";
import type { RunningSystem, SystemOptions } from "./system.ts";

interface QueueOptions extends SystemOptions {
  readonly fsync: Fsync;
  readonly withHistory: boolean;
  /** Jobs that the worker processes at once. */
  readonly concurrency: number;
}

const POLL_MS = 20;
const CATCH_UP_DEADLINE_MS = 60_000;

const pathOf = (file: string): string => join(import.meta.dirname, "queue", file);

export async function startQueue(options: QueueOptions): Promise<RunningSystem> {
  const { secret, partnersUrl, fsync, withHistory, concurrency } = options;
  const stops: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const one of stops.splice(0).reverse()) await one();
  };
  try {
    const redis = await startRedis(fsync);
    stops.push(redis.stop);
    const processTrees: ProcessTree[] = [{ name: "redis-server", pid: redis.pid }];
    let postgres: PostgresServer | undefined;
    let readModels: ReadModels | undefined;
    if (withHistory) {
      postgres = await startPostgres({ durable: true });
      stops.push(postgres.stop);
      processTrees.push({ name: "postgres", pid: postgres.pid });
      await createTables(postgres.url);
      const pool = new Pool({ connectionString: postgres.url, max: 1 });
      // A connection may still be closing when PostgreSQL stops.
      pool.on("error", () => {});
      stops.push(() => pool.end());
      readModels = readModelsIn(pool);
    }
    const worker = startChild<WorkerApi>(pathOf("worker.ts"));
    stops.push(worker.stop);
    const { port: redisPort } = redis;
    await worker.call("start", { redisPort, partnersUrl, concurrency, databaseUrl: postgres?.url });
    const api = startChild<QueueApi>(pathOf("api.ts"));
    stops.push(api.stop);
    const url = await api.call("start", { redisPort, secret });
    processTrees.push({ name: "worker", pid: worker.pid }, { name: "API", pid: api.pid });
    return { url, processTrees: () => processTrees, ...(readModels && { readModels }), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function readModelsIn(pool: Pool): ReadModels {
  return {
    async caughtUp() {
      for (const deadline = now() + CATCH_UP_DEADLINE_MS; now() < deadline; await pause(POLL_MS)) {
        const { rows } = await pool.query("select 1 from lead where status <> 'delivered' limit 1");
        if (rows.length === 0) return now();
      }
      return undefined;
    },
    async delivered({ from, many }) {
      const counts = new Uint8Array(many);
      const { rows } = await pool.query<{ serial: number }>(
        "select (payload->>'serial')::int as serial from lead where status = 'delivered'",
      );
      countSerials(
        counts,
        from,
        rows.map(({ serial }) => serial),
      );
      return counts;
    },
  };
}
