// A real nats-server with JetStream for tests, on a free port and a folder of its own.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "#platform/free-port.ts";
import { evidenceOf } from "./evidence.ts";
import { guard } from "./orphan-guard.ts";

export interface NatsServer {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly dir: string;
  /** Same port, same folder. */
  restart(): Promise<void>;
  stop(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
}

const READY = "Server is ready";
const START_MS = 15_000;

/** NATS_SERVER names the binary under test; else the system's, or what `go install` made. */
function binary(): string {
  const installed = [
    "/usr/sbin/nats-server",
    "/usr/local/bin/nats-server",
    join(homedir(), "go/bin/nats-server"),
  ];
  return process.env.NATS_SERVER ?? installed.find((path) => existsSync(path)) ?? "nats-server";
}

async function launch(dir: string, port: number, config: readonly string[]): Promise<ChildProcess> {
  const child = spawn(binary(), ["-a", "127.0.0.1", "-p", `${port}`, "-js", "-sd", dir, ...config], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  if (child.pid !== undefined) guard(child.pid, dir);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let log = "";
  const keep = evidenceOf(`nats-server on ${port}`);
  child.stderr?.on("data", (chunk: Buffer) => {
    keep(chunk);
    if (log.includes(READY)) return;
    log += chunk.toString();
    if (log.includes(READY)) resolve();
  });
  child.once("error", reject);
  child.once("exit", () => reject(new Error(`nats-server did not start:\n${log}`)));
  const timer = setTimeout(() => reject(new Error(`nats-server is not ready:\n${log}`)), START_MS);
  try {
    await promise;
  } catch (error) {
    // Whoever starts it again needs its port.
    await end(child, "SIGKILL");
    throw error;
  } finally {
    clearTimeout(timer);
  }
  return child;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill(signal);
  await gone;
}

export interface NatsOptions {
  readonly dir?: string;
  readonly port?: number;
  /** In the language of its configuration file; users and TLS, for example. */
  readonly config?: string;
}

/** As every server of ours has it. */
const PINGS = 'ping_interval: "5s"\nping_max: 2\n';

export async function startNats(options: NatsOptions = {}): Promise<NatsServer> {
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), "nats-"));
  const port = options.port ?? (await freePort());
  const file = `${dir}.conf`;
  writeFileSync(file, `${PINGS}${options.config ?? ""}`);
  const config = ["-c", file];
  let child = await launch(dir, port, config);
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    get pid() {
      return child.pid ?? 0;
    },
    dir,
    async restart() {
      await end(child, "SIGTERM");
      child = await launch(dir, port, config);
    },
    stop: () => end(child, "SIGTERM"),
    kill: () => end(child, "SIGKILL"),
  };
}
