// A process of ours under test: started, watched until it says it is ready, stopped or killed with the test.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
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
  if (typeof url !== "string")
    throw new Error(`${script} ended with ${url} before it was ready:\n${worstFirst(log)}`);
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

/** Who shortens a long output keeps its beginning. */
function worstFirst(log: string): string {
  const lines = log.split("\n");
  const isUsual = (line: string): boolean => /^\{"level":[123]0,/.test(line);
  return [...lines.filter((line) => !isUsual(line)), "All of it:", ...lines].join("\n");
}

function end(
  child: ChildProcess,
  signal: NodeJS.Signals,
  exited: Promise<number | null>,
): Promise<number | null> {
  child.kill(signal);
  return exited;
}
