// What a user would build instead: job queues with jobs that send, their server and their worker each in a process of its own.
import { startPostgres } from "../../harness/postgres.ts";
import { startRedis } from "../intake/redis.ts";
import { type Child, startChild } from "../pipeline/child.ts";
import type { BullmqApi } from "./queues/bullmq.ts";
import type { GraphileApi } from "./queues/graphile.ts";
import { type JobSystem, WORKERS } from "./system.ts";

const pathOf = (name: string): string => new URL(`./queues/${name}.ts`, import.meta.url).pathname;

export async function startGraphile(providerUrl: string): Promise<JobSystem> {
  const postgres = await startPostgres({ durable: true });
  const worker = startChild<GraphileApi>(pathOf("graphile"));
  try {
    await worker.call("start", { databaseUrl: postgres.url, providerUrl, workers: WORKERS });
  } catch (error) {
    await stopBoth(worker, postgres);
    throw error;
  }
  return queueOf(worker, postgres, "postgres");
}

export async function startBullmq(providerUrl: string): Promise<JobSystem> {
  const redis = await startRedis("always");
  const worker = startChild<BullmqApi>(pathOf("bullmq"));
  try {
    await worker.call("start", { redisPort: redis.port, providerUrl, workers: WORKERS });
  } catch (error) {
    await stopBoth(worker, redis);
    throw error;
  }
  return queueOf(worker, redis, "redis-server");
}

interface Server {
  readonly pid: number;
  stop(): Promise<void>;
}

async function stopBoth(worker: { stop(): Promise<void> }, server: Server): Promise<void> {
  await worker.stop();
  await server.stop();
}

/** Both have the same calls. */
function queueOf(worker: Child<GraphileApi> | Child<BullmqApi>, server: Server, name: string): JobSystem {
  const call = worker.call as Child<GraphileApi>["call"];
  return {
    async create(batch, count) {
      // Whoever works now would begin with what comes in first.
      await call("rest");
      const ms = await call("create", { batch, count });
      const left = await call("left");
      if (left !== count) throw new Error(`${name} has ${left} jobs instead of ${count}`);
      return { ms };
    },
    begin: () => call("begin"),
    isOver: async () => (await call("left")) === 0,
    processTrees: () => [
      { name, pid: server.pid },
      { name: "worker", pid: worker.pid },
    ],
    stop: () => stopBoth(worker, server),
  };
}
