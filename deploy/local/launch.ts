// Starts the yard on this machine: the parts that it needs, then our own processes, then what a newcomer needs to try it.
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { type Config, type Environment, ROLES, readConfig, refuseOpenListening } from "#platform/config.ts";
import { resolveSecrets } from "#platform/connections.ts";
import { type Endpoints, readEndpoints, removeEndpoints, writeEndpoints } from "#platform/endpoints.ts";
import type { Lifecycle } from "#platform/lifecycle.ts";
import { createChildren } from "./children/children.ts";
import { endLeftovers } from "./children/launch-record.ts";
import { identityOf } from "./children/process-identity.ts";
import { InUse, openDataFolder } from "./data-folder.ts";
import { startParts } from "./parts/parts.ts";
import type { Problem } from "./problem.ts";
import { chooseAddresses } from "./processes/addresses.ts";
import { type RoleProcess, spread } from "./processes/spread.ts";
import { type RunningProcess, startProcesses } from "./processes/start.ts";
import { createWorkerReports } from "./processes/worker-reports.ts";
import { waitForOwner } from "./running.ts";
import { createSteps } from "./steps.ts";
import { banner } from "./welcome/banner.ts";
import { firstLink } from "./welcome/first-link.ts";
import { prepareDemo } from "./welcome/seed.ts";

export interface LaunchOptions {
  readonly env: Environment;
  readonly lifecycle: Lifecycle;
  readonly say: (line: string) => void;
  readonly onGiveUp: (problem: Problem) => void;
  /** Stands in for the services. */
  readonly script?: string;
  /** Of this machine, unless told. */
  readonly cores?: number;
}

export async function launch(options: LaunchOptions): Promise<void> {
  const { env, lifecycle, say, onGiveUp, script, cores = availableParallelism() } = options;
  const steps = createSteps(say);
  const given = readConfig(env);
  refuseOpenListening(given);
  const config = { ...given, dataDir: resolve(given.dataDir) };
  const joined = await takeOrJoin(config, lifecycle);
  const { dataDir, roles, drainMs } = config;
  const owner = joined === undefined;
  // What a launcher that was killed has left would call this start finished before it is.
  if (owner) removeEndpoints(dataDir);
  say(`Switchyard ${joined ? `joins process ${joined.pid}` : "starts"}, with its data in ${dataDir}`);
  const ended = await endLeftovers(dataDir, owner);
  if (ended.length > 0) steps.done("left over", `ended ${ended.join(", ")} of a launcher that was killed`);

  const planned = spread(roles, cores);
  const addresses = await chooseAddresses(planned, config, env, joined);
  const isAsked = roles.includes("simulator") && env.SIMULATOR_PORT && config.simulatorPort !== 0;
  if (isAsked && addresses.simulatorPort !== config.simulatorPort)
    steps.note(`Port ${config.simulatorPort} is taken, so the simulator has port ${addresses.simulatorPort}`);
  const secrets = resolveSecrets(config);
  const children = createChildren({ dataDir, env, owner, say, onGiveUp });
  lifecycle.own("children", () => children.close());
  const reports = createWorkerReports(config.instance, lifecycle);

  const simulatorUrl = `http://127.0.0.1:${addresses.simulatorPort}`;
  const { host, port } = addresses.gateway;
  let httpUrl = `http://${host}:${port}`;
  const { adminToken } = secrets;
  const demo = (): Promise<void> =>
    prepareDemo({ config, httpUrl, simulatorUrl, adminToken, signal: lifecycle.stopping }).then(
      (done) => (done === "" ? undefined : steps.done("demo", done)),
      // The yard works without them, so this is no reason to end it.
      (error: Error) => {
        if (!lifecycle.stopping.aborted) say(`The demo partners could not be set up: ${error.message}`);
      },
    );
  const start = (processes: readonly RoleProcess[], urls: Environment): Promise<readonly RunningProcess[]> =>
    startProcesses(processes, {
      children,
      lifecycle,
      steps,
      env: { ...env, ...urls },
      addresses,
      drainMs,
      instance: config.instance,
      reports,
      ...(script !== undefined && { script }),
      // The simulator forgets what it was told, and a gateway that died may have cut the seeding short.
      onRestarted: async ({ roles: [role] }) =>
        role === "simulator" || role === "gateway" ? demo() : undefined,
    });

  // The simulator needs none of the parts, so it starts beside them.
  const needsParts = ({ name }: RoleProcess): boolean => name !== "simulator";
  const [urls, standalone] = await Promise.all([
    startParts({ config, env, joined, children, lifecycle, steps }),
    start(
      planned.filter((one) => !needsParts(one)),
      { SIMULATOR_PORT: `${addresses.simulatorPort}` },
    ),
  ]);
  // Not waited for: what only the launcher can say is no reason to start later.
  void reports
    .connect({
      url: urls.nats_url,
      ...(config.natsCredentialsFile && { credentialsFile: config.natsCredentialsFile }),
      ...(config.natsCaFile && { caFile: config.natsCaFile }),
    })
    .catch((error: Error) => {
      if (!lifecycle.stopping.aborted) say(`Workers can't be reported about over NATS: ${error.message}`);
    });
  const processes = await start(planned.filter(needsParts), {
    NATS_URL: urls.nats_url,
    EVENTSTORE_URL: urls.eventstore_url,
    DATABASE_URL: urls.database_url,
    DATA_DIR: dataDir,
    ALLOW_PRIVATE_PARTNERS: `${config.allowPrivatePartners}`,
  });
  httpUrl = processes.find((one) => one.roles.includes("gateway"))?.url ?? httpUrl;

  const endpoints: Endpoints = {
    ...urls,
    http_url: httpUrl,
    simulator_url: simulatorUrl,
    processes: [...processes, ...standalone].map(({ name, roles, url }) => ({
      name,
      roles: [...roles],
      url,
    })),
    pid: process.pid,
    identity: identityOf(process.pid),
    started_at: new Date().toISOString(),
  };
  // Last, so that whoever finds the yard by it finds partners and rules too.
  await demo();
  if (owner) {
    writeEndpoints(dataDir, endpoints);
    lifecycle.own("endpoints.json", () => removeEndpoints(dataDir));
  }
  const setUpLink = roles.includes("gateway")
    ? await firstLink(httpUrl, adminToken, lifecycle.stopping).catch((error: Error) => {
        if (!lifecycle.stopping.aborted) say(`No link to sign in by could be made: ${error.message}`);
        return undefined;
      })
    : undefined;
  say(banner({ endpoints, ...secrets, setUpLink, roles, seconds: steps.total() }));
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
