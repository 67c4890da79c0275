// Finds the yard that runs on a data folder, for the commands that are used beside it.
import { resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { readConfig, type SourceSecret } from "#platform/config.ts";
import { resolveSecrets } from "#platform/connections.ts";
import { type Endpoints, readEndpoints } from "#platform/endpoints.ts";
import { identityOf, isAlive } from "./children/process-identity.ts";
import type { InUse } from "./data-folder.ts";
import { Problem } from "./problem.ts";

const OWNER_WITHIN_MS = 60_000;
const LOOK_MS = 100;

export interface RunningYard {
  readonly endpoints: Endpoints;
  readonly adminToken: string;
  readonly source: SourceSecret;
}

/** Undefined where none runs. */
export function runningEndpoints(dataDir: string): Endpoints | undefined {
  const endpoints = readEndpoints(dataDir);
  if (endpoints === undefined) return undefined;
  const { pid, identity = identityOf(pid) ?? "" } = endpoints;
  return isAlive({ pid, identity }) ? endpoints : undefined;
}

export function findRunningYard(env: NodeJS.ProcessEnv): RunningYard {
  const config = readConfig(env);
  const dataDir = resolve(config.dataDir);
  const endpoints = runningEndpoints(dataDir);
  if (endpoints === undefined)
    throw new Problem(
      `No Switchyard runs on the data folder ${dataDir}. Start it in another terminal: npm start`,
    );
  const { adminToken, sources } = resolveSecrets({ ...config, dataDir });
  const [source] = sources;
  if (source === undefined) throw new Problem("SOURCES names no source that could sign.");
  return { endpoints, adminToken, source };
}

/** Whoever owns the data folder may still be starting; returns its addresses once it has said them. */
export async function waitForOwner(read: () => Endpoints | undefined, inUse: InUse): Promise<Endpoints> {
  for (const end = performance.now() + OWNER_WITHIN_MS; performance.now() < end; await pause(LOOK_MS)) {
    const endpoints = read();
    if (endpoints !== undefined && (inUse.pid === undefined || endpoints.pid === inUse.pid)) return endpoints;
  }
  throw inUse;
}
