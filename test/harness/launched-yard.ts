// A whole yard as `npm start` runs it, in a fresh data folder.
import { rmSync } from "node:fs";
import { type Endpoints, readEndpoints } from "#platform/endpoints.ts";
import { GRACE_S, type Launcher, newDataDir, spawnLauncher, stopLauncher, untilReady } from "./launcher.ts";
import { guard } from "./orphan-guard.ts";

export interface LaunchedYard {
  readonly dataDir: string;
  readonly launcher: Launcher;
  readonly endpoints: Endpoints;
  /** Removes the data folder too. */
  stop(): Promise<void>;
}

/** On free ports, unless told otherwise. */
export async function startLaunchedYard(
  prefix: string,
  env: Readonly<Record<string, string>>,
): Promise<LaunchedYard> {
  const dataDir = newDataDir(prefix);
  const launcher = spawnLauncher({ DATA_DIR: dataDir, PORT: "0", SIMULATOR_PORT: "0", ...env });
  const release = guard(launcher.pid, dataDir, GRACE_S);
  const stop = async (): Promise<void> => {
    await stopLauncher(launcher);
    release();
    rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    await untilReady(launcher, () => launcher.output().includes("Switchyard is ready"));
    const endpoints = readEndpoints(dataDir);
    if (endpoints === undefined)
      throw new Error(`The yard wrote no addresses to its data folder:\n${launcher.output()}`);
    return { dataDir, launcher, endpoints, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
