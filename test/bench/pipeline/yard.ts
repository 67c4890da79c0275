// The yard as `npm start` runs it: the launcher itself, in a fresh data folder on free ports.
import { mkdirSync, rmSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { request } from "undici";
import { ROLES, readConfig } from "#platform/config.ts";
import { type Connections, resolveConnections } from "#platform/connections.ts";
import { type Endpoints, readEndpoints } from "#platform/endpoints.ts";
import {
  GRACE_S,
  type Launcher,
  newDataDir,
  spawnLauncher,
  stopLauncher,
  untilReady,
} from "../../harness/launcher.ts";
import { guard } from "../../harness/orphan-guard.ts";
import { processTreesOf } from "./processes.ts";
import { type ReadModels, readModelsOf } from "./read-models.ts";
import { PARTNERS, RANGES, SOURCE } from "./submissions.ts";
import type { RunningSystem, SystemOptions } from "./system.ts";

export interface RunningYard extends RunningSystem {
  readonly readModels: ReadModels;
  readonly connections: Connections;
  /** Stops everything and starts it on the same data folder. Resolves as soon as the launcher says that it is ready. */
  restart(): Promise<Restart>;
}

interface Restart {
  /** Milliseconds from the launcher's start until it was ready. */
  readonly startMs: number;
}

interface YardOptions extends SystemOptions {
  /** Runs every role in a process of its own: one launcher for each, the others join the first. */
  readonly apart: boolean;
  /** Is there afterwards; may be that of an earlier yard. Unless told, a temporary one, which is removed. */
  readonly dataDir?: string | undefined;
  /** What its processes are started with besides. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

const TOKEN = "token-of-the-benchmark";
/** A change of rules is in force within two seconds. */
const RULES_IN_FORCE_MS = 2_500;

export async function startYard(options: YardOptions): Promise<RunningYard> {
  const { secret, partnersUrl, apart } = options;
  const dataDir = options.dataDir ?? newDataDir("bench-yard-");
  mkdirSync(dataDir, { recursive: true });
  const removed = options.dataDir === undefined ? dataDir : "";
  const launchers: Launcher[] = [];
  let endpoints: Endpoints;
  let readModels: ReturnType<typeof readModelsOf> | undefined;
  let connections: Connections;
  let release = (): void => {};

  function launch(roles?: string): Launcher {
    const launcher = spawnLauncher({
      DATA_DIR: dataDir,
      PORT: "0",
      ADMIN_TOKEN: TOKEN,
      SOURCES: `${SOURCE}:${secret}`,
      ...(roles !== undefined && { ROLES: roles }),
      ...options.env,
    });
    launchers.push(launcher);
    release();
    release = guard(
      launchers.map(({ pid }) => pid),
      removed,
      GRACE_S,
    );
    return launcher;
  }

  async function start(): Promise<void> {
    // The launcher with the gateway comes first: it writes endpoints.json, which the others read.
    const owner = launch(apart ? "gateway" : undefined);
    await untilReady(owner, () => readEndpoints(dataDir)?.pid === owner.pid);
    endpoints = readEndpoints(dataDir) as Endpoints;
    if (apart) {
      const others = ROLES.filter((role) => role !== "gateway").map((role) => launch(role));
      await Promise.all(others.map((one) => untilReady(one, () => /is ready after/.test(one.output()))));
    }
    connections = resolveConnections({ ...readConfig({}), dataDir, adminToken: TOKEN });
    const eventStoreUrl = connections.eventstoreUrl;
    readModels = readModelsOf({ url: endpoints.http_url, token: TOKEN, eventStoreUrl });
  }

  async function put(path: string, body: object): Promise<void> {
    const response = await request(`${endpoints.http_url}${path}`, {
      method: "PUT",
      headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const text = await response.body.text();
    if (response.statusCode >= 300)
      throw new Error(`PUT ${path} failed with ${response.statusCode}: ${text}`);
  }

  async function configure(): Promise<void> {
    for (const id of PARTNERS)
      await put(`/api/partners/${id}`, {
        name: id,
        enabled: true,
        delivery: { type: "http", url: `${partnersUrl}/partners/${id}` },
      });
    const rules = RANGES.map(({ partner, from, to }, index) => ({
      id: partner,
      name: partner,
      priority: index + 1,
      enabled: true,
      when: { combinator: "and", rules: [{ field: "amount", operator: "between", value: [from, to] }] },
      route: { to: partner },
    }));
    await put("/api/rules", { rules });
    await pause(RULES_IN_FORCE_MS);
  }

  async function stopLaunchers(): Promise<void> {
    await readModels?.close();
    readModels = undefined;
    // Those that joined stop first, because they use what the owner started.
    for (const launcher of launchers.splice(0).reverse()) await stopLauncher(launcher);
    release();
  }

  async function stop(): Promise<void> {
    await stopLaunchers();
    if (removed !== "") rmSync(removed, { recursive: true, force: true });
  }

  try {
    await start();
    await configure();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    get url() {
      return endpoints.http_url;
    },
    get readModels() {
      if (readModels === undefined) throw new Error("The yard does not run");
      return readModels;
    },
    get connections() {
      return connections;
    },
    processTrees: () => launchers.flatMap(({ pid }) => processTreesOf(pid)),
    async restart() {
      await stopLaunchers();
      const began = performance.now();
      await start();
      return { startMs: performance.now() - began };
    },
    stop,
  };
}
