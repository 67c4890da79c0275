// The gateways that are measured, each as a process of its own with what it needs beside it.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startParts } from "../../gateway/gateway.ts";
import { startNode } from "../../harness/process.ts";
import { startRedis } from "./redis.ts";

export interface Target {
  readonly name: string;
  readonly url: string;
  /** Its own processes, without the load. */
  readonly pids: readonly number[];
  stop(): Promise<void>;
}

const at = (file: string): string => join(import.meta.dirname, file);

export async function bareFastify(): Promise<Target> {
  const server = await startNode(at("bare.ts"), {});
  return {
    name: "bare Fastify",
    url: server.url,
    pids: [server.pid],
    stop: async () => void (await server.kill()),
  };
}

export async function queueOnRedis(secret: string): Promise<Target> {
  const redis = await startRedis("always");
  const server = await startNode(at("queue.ts"), { REDIS_PORT: `${redis.port}`, SECRET: secret });
  return {
    name: "Fastify + BullMQ + Redis",
    url: server.url,
    pids: [server.pid, redis.pid],
    async stop() {
      await server.kill();
      await redis.stop();
    },
  };
}

export async function switchyard(secret: string): Promise<Target> {
  const parts = await startParts();
  const dir = mkdtempSync(join(tmpdir(), "gateway-"));
  const server = await startNode(at("../../../services/gateway/main.ts"), {
    PORT: "0",
    DATA_DIR: dir,
    NATS_URL: parts.nats.url,
    EVENTSTORE_URL: parts.eventStore.connectionString,
    DATABASE_URL: parts.postgres.url,
    SOURCES: `demo:${secret}`,
    LOG_LEVEL: "warn",
  });
  return {
    name: "Switchyard's gateway",
    url: server.url,
    pids: [server.pid, parts.eventStore.pid],
    async stop() {
      await server.kill();
      await parts.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
