// Starts the yard on this machine: what it needs, then the application, then what a newcomer needs to try it.
import { join, resolve } from "node:path";
import { type Config, ROLES, readConfig } from "#platform/config.ts";
import { resolveSecrets } from "#platform/connections.ts";
import { type Endpoints, readEndpoints, removeEndpoints, writeEndpoints } from "#platform/endpoints.ts";
import type { Lifecycle } from "#platform/lifecycle.ts";
import { type Children, createChildren } from "./children/children.ts";
import { endLeftovers } from "./children/leftovers.ts";
import { InUse, openDataFolder } from "./data-folder.ts";
import { applicationCommand } from "./parts/application.ts";
import { prepareEventStore } from "./parts/eventstore.ts";
import { type Part, prepareNats } from "./parts/nats.ts";
import { preparePostgres } from "./parts/postgres.ts";
import { demandPort, freePort } from "./ports.ts";
import type { Problem } from "./problem.ts";
import { waitForOwner } from "./running.ts";
import { createSteps, type Steps } from "./steps.ts";
import { banner } from "./welcome/banner.ts";
import { keptSimulatorUrl, prepareDemo } from "./welcome/seed.ts";

export interface LaunchOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly lifecycle: Lifecycle;
  readonly say: (line: string) => void;
  readonly onHopeless: (problem: Problem) => void;
  /** The script that runs the roles. */
  readonly application: string | undefined;
}

type Urls = Pick<Endpoints, "nats_url" | "eventstore_url" | "database_url">;

const APPLICATION = join(import.meta.dirname, "../../services/main.ts");

export async function launch(options: LaunchOptions): Promise<void> {
  const { env, lifecycle, say, onHopeless, application = APPLICATION } = options;
  const steps = createSteps(say);
  const given = readConfig(env);
  const config = { ...given, dataDir: resolve(given.dataDir) };
  const joined = await takeOrJoin(config, lifecycle);
  say(`Switchyard ${joined ? `joins process ${joined.pid}` : "starts"}, with its data in ${config.dataDir}`);
  const ended = await endLeftovers(config.dataDir, joined === undefined);
  if (ended.length > 0) steps.done("left over", `ended ${ended.join(", ")} of a launcher that was killed`);

  const ports = await choosePorts(config, env, joined);
  const children = createChildren({ dataDir: config.dataDir, owner: joined === undefined, say, onHopeless });
  lifecycle.own("children", () => children.close());
  const urls = await startParts(children, config, env, steps, { lifecycle, joined });
  const secrets = resolveSecrets(config);

  const simulatorUrl = `http://127.0.0.1:${ports.simulator}`;
  let httpUrl = "";
  const { adminToken } = secrets;
  const demo = (): Promise<void> =>
    prepareDemo({ config, httpUrl, simulatorUrl, adminToken }).then(
      (done) => (done === "" ? undefined : steps.done("demo", done)),
      // The yard works without them, so this is no reason to end it.
      (error: Error) => say(`The demo partners could not be set up: ${error.message}`),
    );
  const child = children.start(
    applicationCommand({
      script: application,
      drainMs: config.drainMs,
      env: {
        NATS_URL: urls.nats_url,
        EVENTSTORE_URL: urls.eventstore_url,
        DATABASE_URL: urls.database_url,
        DATA_DIR: config.dataDir,
        PORT: `${ports.http}`,
        SIMULATOR_PORT: `${ports.simulator}`,
        ALLOW_PRIVATE_PARTNERS: `${config.allowPrivatePartners}`,
      },
      onRestarted: demo,
    }),
  );
  lifecycle.own("application", () => child.stop());
  httpUrl = onLoopback((await child.ready)[1] ?? "");
  steps.done("application", `${httpUrl}  ${config.roles.join(", ")}`);

  const endpoints: Endpoints = {
    ...urls,
    http_url: httpUrl,
    simulator_url: simulatorUrl,
    pid: process.pid,
    started_at: new Date().toISOString(),
  };
  // Last, so that whoever finds the yard by it finds partners and rules too.
  await demo();
  if (joined === undefined) {
    writeEndpoints(config.dataDir, endpoints);
    lifecycle.own("endpoints.json", () => removeEndpoints(config.dataDir));
  }
  say(banner({ endpoints, ...secrets, roles: config.roles, seconds: steps.total() }));
}

/** The whole yard owns its data folder; single roles join the one that runs there. */
async function takeOrJoin(config: Config, lifecycle: Lifecycle): Promise<Endpoints | undefined> {
  try {
    const folder = openDataFolder(config.dataDir);
    lifecycle.own("data folder", () => folder.close());
    return undefined;
  } catch (error) {
    if (error instanceof InUse && config.roles.length < ROLES.length)
      return waitForOwner(() => readEndpoints(config.dataDir), error);
    throw error;
  }
}

async function choosePorts(
  { http, roles, dataDir, simulatorPort }: Config,
  { PORT, SIMULATOR_PORT }: NodeJS.ProcessEnv,
  joined: Endpoints | undefined,
): Promise<{ readonly http: number; readonly simulator: number }> {
  const indifferent = joined !== undefined && !roles.includes("gateway") && PORT === undefined;
  const simulator = joined
    ? portOf(joined.simulator_url)
    : SIMULATOR_PORT === undefined
      ? await freePort(portOf(keptSimulatorUrl(dataDir)), simulatorPort)
      : await demandPort("SIMULATOR_PORT", "127.0.0.1", simulatorPort);
  return { http: indifferent ? await freePort() : await demandPort("PORT", http.host, http.port), simulator };
}

interface Surroundings {
  readonly lifecycle: Lifecycle;
  readonly joined: Endpoints | undefined;
}

/** Side by side, those that no variable and no running yard provides. */
async function startParts(
  children: Children,
  config: Config,
  env: NodeJS.ProcessEnv,
  steps: Steps,
  { lifecycle, joined }: Surroundings,
): Promise<Urls> {
  const stops: (() => Promise<void>)[] = [];
  lifecycle.own("parts", async () => {
    await Promise.all(stops.map((stop) => stop()));
  });
  async function provide(url: string | undefined, prepare: () => Promise<Part>): Promise<string> {
    if (url !== undefined) return url;
    const part = await prepare();
    const child = children.start(part.command);
    stops.push(() => child.stop());
    await child.ready;
    steps.done(child.name, withoutPassword(part.url));
    return part.url;
  }
  const { dataDir } = config;
  const [nats_url, eventstore_url, database_url] = await Promise.all([
    provide(config.natsUrl ?? joined?.nats_url, () => prepareNats(dataDir, env)),
    provide(config.eventstoreUrl ?? joined?.eventstore_url, () => prepareEventStore(dataDir)),
    provide(config.databaseUrl ?? joined?.database_url, () => preparePostgres(dataDir, steps.note)),
  ]);
  return { nats_url, eventstore_url, database_url };
}

function portOf(url: string | undefined): number {
  return url === undefined ? 0 : Number(new URL(url).port);
}

function withoutPassword(url: string): string {
  return url.replace(/(:\/\/[^:@/]+):[^@/]+@/, "$1@");
}

/** An address that listens everywhere is reached here. */
function onLoopback(url: string): string {
  return url.replace(/\/\/(0\.0\.0\.0|\[::\])/, "//127.0.0.1");
}
