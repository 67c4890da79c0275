// A process of ours under test: started, watched until it says it is ready, stopped or killed with the test.
import { type ChildProcess, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import { evidenceOf } from "./evidence.ts";

export interface NodeProcess {
  readonly pid: number;
  /** The address in its ready line. */
  readonly url: string;
  readonly log: () => string;
  readonly exited: Promise<number | null>;
  stop(): Promise<number | null>;
  kill(): Promise<number | null>;
  signal(signal: NodeJS.Signals): void;
}

const START_DEADLINE_MS = 90_000;
const READY = /ready on (\S+)/;

/** Whatever still runs when the test ends is ended with it. */
const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export async function startNode(
  script: string,
  env: Readonly<Record<string, string>>,
  args: readonly string[] = [],
  { openFiles }: { readonly openFiles?: number | undefined } = {},
): Promise<NodeProcess> {
  const node = [process.execPath, "--disable-warning=ExperimentalWarning", script, ...args];
  // It becomes what it starts, so the process stays the same.
  const [command = "", ...words] =
    openFiles === undefined ? node : ["prlimit", `--nofile=${openFiles}:${openFiles}`, ...node];
  const child = spawn(command, words, {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  let log = "";
  const keep = evidenceOf(`${script} as process ${child.pid}`);
  const exited = once(child, "close").then(([code]): number | null => {
    running.delete(child);
    return code;
  });
  const ready = new Promise<string>((resolve) => {
    const take = (chunk: Buffer): void => {
      keep(chunk);
      log += chunk.toString();
      const at = READY.exec(log)?.[1];
      if (at !== undefined) resolve(at);
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
  });
  const deadline = setTimeout(() => child.kill("SIGKILL"), START_DEADLINE_MS);
  const url = await Promise.race([ready, exited]);
  clearTimeout(deadline);
  if (typeof url !== "string") throw new Error(`${script} ended with ${url} before it was ready:\n${log}`);
  return {
    pid: child.pid ?? 0,
    url,
    log: () => log,
    exited,
    stop: () => end(child, "SIGTERM", exited),
    kill: () => end(child, "SIGKILL", exited),
    signal: (signal) => {
      child.kill(signal);
    },
  };
}

function end(
  child: ChildProcess,
  signal: NodeJS.Signals,
  exited: Promise<number | null>,
): Promise<number | null> {
  child.kill(signal);
  return exited;
}

// Below the range from which systems take the ports of outgoing connections: a client that tries to reach a server which is
// down could otherwise be given that very port, and keep the server from coming back.
const LOWEST_PORT = 20_000;
const PORTS = 12_000;
const MOST_TRIES = 50;

/** A port that nobody uses now; for services that must come back on the same one. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const port = randomInt(LOWEST_PORT, LOWEST_PORT + PORTS);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port among ${MOST_TRIES}`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  } catch {
    return false;
  }
  server.close();
  await once(server, "close");
  return true;
}
