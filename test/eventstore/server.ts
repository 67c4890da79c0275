// Starts the event store in a process of its own, as its users do, so tests can stop it, kill it and start it again.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "#platform/free-port.ts";
import { evidenceOf } from "../harness/evidence.ts";

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface EventStoreServer {
  readonly port: number;
  readonly pid: number;
  readonly dir: string;
  /** For EventStoreDBClient.connectionString; the default deadline is long because test machines stall. */
  readonly connectionString: string;
  /** Everything that it has logged so far. */
  readonly log: () => string;
  readonly exited: Promise<Exit>;
  /** SIGTERM, then waits for the end. */
  stop(): Promise<Exit>;
  /** SIGKILL: no chance to tidy up. */
  kill(): Promise<Exit>;
}

export interface StartOptions {
  readonly dir: string;
  /** A free one by default; with the old one a restarted server is where clients expect it. */
  readonly port?: number;
  readonly args?: readonly string[];
  readonly nodeArgs?: readonly string[];
  /** Its program; this version's unless told. */
  readonly main?: string;
}

/** The server ended before it was ready; `log` has the reason. */
export class DidNotStart extends Error {
  override name = "DidNotStart";
  readonly exit: Exit;
  readonly log: string;

  constructor(exit: Exit, log: string) {
    super(`the event store ended with code ${exit.code} (${exit.signal ?? "no signal"}):\n${log}`);
    this.exit = exit;
    this.log = log;
  }
}

const MAIN = new URL("../../services/eventstore/main.ts", import.meta.url).pathname;
const START_DEADLINE_MS = 20_000;

export async function startEventStore({
  dir,
  port,
  args = [],
  nodeArgs = [],
  main = MAIN,
}: StartOptions): Promise<EventStoreServer> {
  const wanted = port ?? (await freePort());
  const child = spawn(
    process.execPath,
    [
      "--disable-warning=ExperimentalWarning",
      ...nodeArgs,
      main,
      "--port",
      `${wanted}`,
      "--data",
      dir,
      ...args,
    ],
    { stdio: ["pipe", "pipe", "pipe"] },
  );
  const killWithUs = (): boolean => child.kill("SIGKILL");
  process.once("exit", killWithUs);

  let log = "";
  let stdout = "";
  const keep = evidenceOf(`event store on ${wanted} as process ${child.pid}`);
  child.stderr.on("data", (chunk: Buffer) => {
    keep(chunk);
    log += chunk.toString();
  });
  const exited = once(child, "close").then(([code, signal]): Exit => {
    process.off("exit", killWithUs);
    return { code, signal };
  });

  const ready = new Promise<number>((resolve) => {
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
      const at = /ready on \S+:(\d+)/.exec(stdout);
      if (at) resolve(Number(at[1]));
    });
  });
  const deadline = setTimeout(() => child.kill("SIGKILL"), START_DEADLINE_MS);
  const listening = await Promise.race([ready, exited]);
  clearTimeout(deadline);
  if (typeof listening !== "number") throw new DidNotStart(listening, stdout + log);

  const end = (signal: NodeJS.Signals) => (): Promise<Exit> => {
    child.kill(signal);
    return exited;
  };
  return {
    port: listening,
    pid: child.pid ?? 0,
    dir,
    connectionString: `esdb://127.0.0.1:${listening}?tls=false&defaultDeadline=30000`,
    log: () => log,
    exited,
    stop: end("SIGTERM"),
    kill: end("SIGKILL"),
  };
}

const temporary = new Set<string>();

function removeTemporary(): void {
  for (const dir of temporary) rmSync(dir, { recursive: true, force: true });
}

/** A data folder that is gone when the process ends. */
export function temporaryFolder(prefix = "eventstore-"): string {
  const dir = mkdtempSync(join(tmpdir(), prefix));
  if (temporary.size === 0) process.once("exit", removeTemporary);
  temporary.add(dir);
  return dir;
}
