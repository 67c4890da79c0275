// A yard to talk to: the one that runs, or else one that is started for as long as it is needed.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { request } from "undici";
import { readConfig } from "#platform/config.ts";
import { resolveSecrets } from "#platform/connections.ts";
import { freePort } from "#platform/free-port.ts";
import { Problem } from "../problem.ts";
import { findRunningYard, runningEndpoints } from "../running.ts";

export interface Reachable {
  readonly url: string;
  readonly adminToken: string;
  /** Ends what was started for this alone. */
  leave(): Promise<void>;
}

const START = join(import.meta.dirname, "../start.ts");
const START_WITHIN_MS = 60_000;
const LOOK_MS = 100;
const nothingToLeave = async (): Promise<void> => undefined;

export async function reachYard(env: NodeJS.ProcessEnv): Promise<Reachable> {
  try {
    const { endpoints, adminToken } = findRunningYard(env);
    return { url: endpoints.http_url, adminToken, leave: nothingToLeave };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
  }
  const config = readConfig(env);
  const { adminToken } = resolveSecrets({ ...config, dataDir: resolve(config.dataDir) });
  const url = `http://${config.http.host}:${config.http.port}`;
  if (await isOurs(url, adminToken)) return { url, adminToken, leave: nothingToLeave };
  return startYard(env, resolve(config.dataDir), adminToken);
}

async function isOurs(url: string, adminToken: string): Promise<boolean> {
  try {
    const headers = { authorization: `Bearer ${adminToken}` };
    const { statusCode, body } = await request(`${url}/api/projections`, { headers });
    await body.dump();
    return statusCode === 200;
  } catch {
    return false;
  }
}

async function startYard(env: NodeJS.ProcessEnv, dataDir: string, adminToken: string): Promise<Reachable> {
  console.log("No Switchyard runs, so what the rebuild needs is started.");
  const port = await freePort();
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", START], {
    env: { ...env, ROLES: "gateway,projections", PORT: `${port}` },
    stdio: ["ignore", "pipe", "inherit"],
    // A Ctrl-C is ours to pass on, once.
    detached: true,
  });
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  const exited = once(child, "exit");
  const leave = async (): Promise<void> => {
    if (child.exitCode === null) child.kill("SIGTERM");
    await exited;
  };
  process.once("exit", () => child.kill("SIGTERM"));
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => void leave().finally(() => process.exit(130)));

  for (const end = performance.now() + START_WITHIN_MS; performance.now() < end; await pause(LOOK_MS)) {
    if (child.exitCode !== null) break;
    const endpoints = runningEndpoints(dataDir);
    if (endpoints === undefined) continue;
    if (endpoints.pid === child.pid) return { url: endpoints.http_url, adminToken, leave };
    // A yard that was starting when we looked: it does what is asked, and ours only waits for it.
    await leave();
    return { url: endpoints.http_url, adminToken, leave: nothingToLeave };
  }
  await leave();
  throw new Problem(`What the rebuild needs could not be started:\n${said}`);
}
