// A redis-server with an append-only file, on a free port and a folder of its own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "#platform/free-port.ts";
import { guard } from "../../harness/orphan-guard.ts";
import { until } from "../../harness/wait.ts";

/** When a write is on disk: before it is answered, or within a second. */
export type Fsync = "always" | "everysec";

export interface RedisServer {
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

export async function startRedis(fsync: Fsync): Promise<RedisServer> {
  const dir = mkdtempSync(join(tmpdir(), "redis-"));
  const port = await freePort();
  const listen = ["--port", `${port}`, "--bind", "127.0.0.1"];
  const keep = ["--dir", dir, "--save", "", "--appendonly", "yes", "--appendfsync", fsync];
  const redis = spawn("redis-server", [...listen, ...keep], { stdio: "ignore" });
  const release = guard(redis.pid ?? 0, dir);
  await until("Redis answers", () => isOpen(port));
  return {
    port,
    pid: redis.pid ?? 0,
    async stop() {
      redis.kill("SIGKILL");
      await once(redis, "exit");
      release();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
