// What one would build instead: Fastify, BullMQ and Redis, the API and the worker as processes of their own; with PostgreSQL where a history is wanted.
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Pool } from "pg";
import { type PostgresServer, startPostgres } from "../../harness/postgres.ts";
import { type Fsync, startRedis } from "../intake/redis.ts";
import { startChild } from "./child.ts";
import { now } from "./clock.ts";
import type { Family } from "./processes.ts";
import type { QueueApi } from "./queue/api.ts";
import { createTables } from "./queue/history.ts";
import type { WorkerApi } from "./queue/worker.ts";
import type { ReadModels } from "./read-models.ts";
import type { RunningSystem, Surroundings } from "./system.ts";

export interface QueueOptions extends Surroundings {
  readonly fsync: Fsync;
  readonly withHistory: boolean;
}

/** More jobs at once made neither quicker here. */
const CONCURRENCY = 64;
const LOOK_MS = 20;
const CAUGHT_UP_WITHIN_MS = 60_000;

const at = (file: string): string => join(import.meta.dirname, "queue", file);

export async function startQueue({
  secret,
  partnersUrl,
  fsync,
  withHistory,
}: QueueOptions): Promise<RunningSystem> {
  const stops: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const one of stops.splice(0).reverse()) await one();
  };
  try {
    const redis = await startRedis(fsync);
    stops.push(redis.stop);
    const families: Family[] = [{ name: "redis-server", pid: redis.pid }];
    let postgres: PostgresServer | undefined;
    let readModels: ReadModels | undefined;
    if (withHistory) {
      postgres = await startPostgres({ durable: true });
      stops.push(postgres.stop);
      families.push({ name: "postgres", pid: postgres.pid });
      await createTables(postgres.url);
      const pool = new Pool({ connectionString: postgres.url, max: 1 });
      stops.push(() => pool.end());
      readModels = readModelsIn(pool);
    }
    const worker = startChild<WorkerApi>(at("worker.ts"));
    stops.push(worker.stop);
    await worker.call("start", {
      redisPort: redis.port,
      partnersUrl,
      concurrency: CONCURRENCY,
      databaseUrl: postgres?.url,
    });
    const api = startChild<QueueApi>(at("api.ts"));
    stops.push(api.stop);
    const url = await api.call("start", { redisPort: redis.port, secret });
    families.push({ name: "worker", pid: worker.pid }, { name: "API", pid: api.pid });
    return { url, families: () => families, ...(readModels && { readModels }), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function readModelsIn(pool: Pool): ReadModels {
  return {
    async caughtUp() {
      for (const end = now() + CAUGHT_UP_WITHIN_MS; now() < end; await pause(LOOK_MS)) {
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
      for (const { serial } of rows)
        if (serial >= from && serial < from + many) counts[serial - from] = (counts[serial - from] ?? 0) + 1;
      return counts;
    },
  };
}
