// The yard as `npm start` runs it: the launcher itself, in a fresh data folder on free ports.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { request } from "undici";
import { ROLES, readConfig } from "#platform/config.ts";
import { resolveConnections } from "#platform/connections.ts";
import { type Endpoints, readEndpoints } from "#platform/endpoints.ts";
import { guard } from "../../harness/orphan-guard.ts";
import { until } from "../../harness/wait.ts";
import { processTreesOf } from "./processes.ts";
import { type ReadModels, readModelsOf } from "./read-models.ts";
import { PARTNERS, RANGES, SOURCE } from "./submissions.ts";
import type { RunningSystem, SystemOptions } from "./system.ts";

export interface RunningYard extends RunningSystem {
  readonly readModels: ReadModels;
  readonly eventStoreUrl: string;
  /** Stops everything and starts it on the same data folder. Resolves as soon as the launcher says that it is ready. */
  restart(): Promise<void>;
}

interface YardOptions extends SystemOptions {
  /** Runs every role in a process of its own: one launcher for each, the others join the first. */
  readonly apart: boolean;
}

const LAUNCHER = join(import.meta.dirname, "../../../deploy/local/start.ts");
const TOKEN = "token-of-the-benchmark";
const START_DEADLINE_MS = 90_000;
const STOP_DEADLINE_MS = 30_000;
/** Launchers stop by themselves when their parent is gone; the folder may be removed only after that. */
const GRACE_S = 60;
/** A change of rules is in force within two seconds. */
const RULES_IN_FORCE_MS = 2_500;
const MAX_OUTPUT = 20_000;

interface Launcher {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly output: () => string;
}

export async function startYard({ secret, partnersUrl, apart }: YardOptions): Promise<RunningYard> {
  const dataDir = mkdtempSync(join(tmpdir(), "bench-yard-"));
  // If this runs as root, PostgreSQL runs as another user, who must be able to pass.
  chmodSync(dataDir, 0o755);
  const launchers: Launcher[] = [];
  let endpoints: Endpoints;
  let readModels: ReturnType<typeof readModelsOf> | undefined;
  let eventStoreUrl = "";
  let release = (): void => {};

  function spawnLauncher(roles?: string): Launcher {
    // Only these variables: a DATABASE_URL of the caller's must not change what is measured.
    const { PATH, HOME, TMPDIR, NATS_SERVER } = process.env;
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", LAUNCHER], {
      env: {
        ...{ PATH, HOME, TMPDIR, NATS_SERVER },
        DATA_DIR: dataDir,
        PORT: "0",
        ADMIN_TOKEN: TOKEN,
        SOURCES: `${SOURCE}:${secret}`,
        // Makes the launcher stop when its parent is gone.
        npm_lifecycle_event: "start",
        ...(roles !== undefined && { ROLES: roles }),
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    const append = (chunk: Buffer): void => {
      output = `${output}${chunk}`.slice(-MAX_OUTPUT);
    };
    child.stdout.on("data", append);
    child.stderr.on("data", append);
    const launcher = { process: child, pid: child.pid ?? 0, output: () => output };
    launchers.push(launcher);
    release();
    release = guard(
      launchers.map(({ pid }) => pid),
      dataDir,
      GRACE_S,
    );
    return launcher;
  }

  async function ready(launcher: Launcher, isReady: () => boolean): Promise<void> {
    const isSettled = (): boolean => hasExited(launcher) || isReady();
    await until("the yard is ready", isSettled, START_DEADLINE_MS).catch((error: Error) => {
      throw new Error(`${error.message}. Its output:\n${launcher.output()}`);
    });
    if (hasExited(launcher)) throw new Error(`The yard ended before it was ready:\n${launcher.output()}`);
  }

  async function start(): Promise<void> {
    // The launcher with the gateway comes first: it writes endpoints.json, which the others read.
    const owner = spawnLauncher(apart ? "gateway" : undefined);
    await ready(owner, () => readEndpoints(dataDir)?.pid === owner.pid);
    endpoints = readEndpoints(dataDir) as Endpoints;
    if (apart) {
      const others = ROLES.filter((role) => role !== "gateway").map((role) => spawnLauncher(role));
      await Promise.all(others.map((one) => ready(one, () => /is ready after/.test(one.output()))));
    }
    const connections = resolveConnections({ ...readConfig({}), dataDir, adminToken: TOKEN });
    eventStoreUrl = connections.eventstoreUrl;
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
    rmSync(dataDir, { recursive: true, force: true });
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
    get eventStoreUrl() {
      return eventStoreUrl;
    },
    processTrees: () => launchers.flatMap(({ pid }) => processTreesOf(pid)),
    async restart() {
      await stopLaunchers();
      await start();
    },
    stop,
  };
}

const hasExited = ({ process: { exitCode, signalCode } }: Launcher): boolean =>
  exitCode !== null || signalCode !== null;

async function stopLauncher(launcher: Launcher): Promise<void> {
  if (hasExited(launcher)) return;
  const exited = once(launcher.process, "exit");
  launcher.process.kill("SIGTERM");
  // After a SIGKILL the launcher's own watchdog ends its children.
  const timer = setTimeout(() => launcher.process.kill("SIGKILL"), STOP_DEADLINE_MS);
  await exited;
  clearTimeout(timer);
}
