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
import { type Family, familiesBelow } from "./processes.ts";
import { type ReadModels, readModelsOf } from "./read-models.ts";
import { PARTNERS, RANGES, SOURCE } from "./submissions.ts";
import type { RunningSystem, Surroundings } from "./system.ts";

export interface RunningYard extends RunningSystem {
  readonly readModels: ReadModels;
  /** Stops it and starts it on the same data; resolves with its new address in the moment when it says that it is ready. */
  restart(): Promise<string>;
}

export interface YardOptions extends Surroundings {
  /** Every role as a process of its own, each with a launcher that joins the first. */
  readonly apart: boolean;
}

const LAUNCHER = join(import.meta.dirname, "../../../deploy/local/start.ts");
const TOKEN = "token-of-the-benchmark";
const READY_WITHIN_MS = 90_000;
const STOP_WITHIN_MS = 30_000;
/** The launcher ends by itself when we are gone; only then may its folder go. */
const GRACE_S = 60;
/** How long routers may go on with the rules before. */
const RULES_IN_FORCE_MS = 2_500;
const MOST_CHARACTERS = 20_000;

interface Launcher {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly said: () => string;
  readonly release: () => void;
}

export async function startYard({ secret, partnersUrl, apart }: YardOptions): Promise<RunningYard> {
  const dataDir = mkdtempSync(join(tmpdir(), "bench-yard-"));
  // PostgreSQL runs as another user when we are root, who must get through.
  chmodSync(dataDir, 0o755);
  let launchers: Launcher[] = [];
  let endpoints: Endpoints;
  let readModels: ReturnType<typeof readModelsOf> | undefined;

  function launch(roles: string | undefined, isFirst: boolean): Launcher {
    // Nothing else of our environment reaches it: a variable that is set here must not make it another yard.
    const { PATH, HOME, TMPDIR, NATS_SERVER } = process.env;
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", LAUNCHER], {
      env: {
        ...{ PATH, HOME, TMPDIR, NATS_SERVER },
        DATA_DIR: dataDir,
        PORT: "0",
        ADMIN_TOKEN: TOKEN,
        SOURCES: `${SOURCE}:${secret}`,
        // It then ends when whoever started it is gone.
        npm_lifecycle_event: "start",
        ...(roles !== undefined && { ROLES: roles }),
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    const take = (chunk: Buffer): void => {
      said = `${said}${chunk}`.slice(-MOST_CHARACTERS);
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    const pid = child.pid ?? 0;
    // Those that join the first end by themselves, and must not take the folder away from it.
    const release = isFirst ? guard(pid, dataDir, GRACE_S) : () => {};
    return { process: child, pid, said: () => said, release };
  }

  async function ready(launcher: Launcher, isReady: () => boolean): Promise<void> {
    await until(
      "the yard is ready",
      () => {
        if (hasEnded(launcher)) return true;
        return isReady();
      },
      READY_WITHIN_MS,
    ).catch((error: Error) => {
      throw new Error(`${error.message}. It said:\n${launcher.said()}`);
    });
    if (hasEnded(launcher)) throw new Error(`the yard ended before it was ready:\n${launcher.said()}`);
  }

  async function start(): Promise<void> {
    // The one with the gateway comes first: it says where the yard is, and the others join it.
    const owner = launch(apart ? "gateway" : undefined, true);
    launchers.push(owner);
    await ready(owner, () => readEndpoints(dataDir)?.pid === owner.pid);
    endpoints = readEndpoints(dataDir) as Endpoints;
    if (apart) {
      const others = ROLES.filter((role) => role !== "gateway").map((role) => launch(role, false));
      launchers.push(...others);
      await Promise.all(others.map((one) => ready(one, () => /is ready after/.test(one.said()))));
    }
    const { eventstoreUrl } = resolveConnections({ ...readConfig({}), dataDir, adminToken: TOKEN });
    readModels = readModelsOf({ url: endpoints.http_url, token: TOKEN, eventStoreUrl: eventstoreUrl });
  }

  async function admin(path: string, body: object): Promise<void> {
    const answer = await request(`${endpoints.http_url}${path}`, {
      method: "PUT",
      headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new Error(`PUT ${path} was answered ${answer.statusCode}: ${text}`);
  }

  async function configure(): Promise<void> {
    for (const id of PARTNERS)
      await admin(`/api/partners/${id}`, {
        name: id,
        enabled: true,
        delivery: { type: "http", url: `${partnersUrl}/partners/${id}` },
      });
    const rules = RANGES.map(({ partner, from, to }, at) => ({
      id: partner,
      name: partner,
      priority: at + 1,
      enabled: true,
      when: { combinator: "and", rules: [{ field: "amount", operator: "between", value: [from, to] }] },
      route: { to: partner },
    }));
    await admin("/api/rules", { rules });
    await pause(RULES_IN_FORCE_MS);
  }

  async function stopAll(): Promise<void> {
    await readModels?.close();
    readModels = undefined;
    // Those that joined go first: they need what the first one started.
    for (const launcher of launchers.reverse()) await end(launcher);
    launchers = [];
  }

  async function stop(): Promise<void> {
    await stopAll();
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
      if (readModels === undefined) throw new Error("the yard does not run");
      return readModels;
    },
    families: (): readonly Family[] => launchers.flatMap(({ pid }) => familiesBelow(pid)),
    async restart() {
      await stopAll();
      await start();
      return endpoints.http_url;
    },
    stop,
  };
}

const hasEnded = ({ process: { exitCode, signalCode } }: Launcher): boolean =>
  exitCode !== null || signalCode !== null;

/** Its watchdog ends what it started, should it have to be killed. */
async function end(launcher: Launcher): Promise<void> {
  if (!hasEnded(launcher)) {
    const gone = once(launcher.process, "exit");
    launcher.process.kill("SIGTERM");
    const kill = setTimeout(() => launcher.process.kill("SIGKILL"), STOP_WITHIN_MS);
    await gone;
    clearTimeout(kill);
  }
  launcher.release();
}
