// A process that serves: its configuration, its log, its figures, and the routes that operators ask.
import {
  type Config,
  ConfigError,
  type Environment,
  type Role,
  readConfig,
  refuseOpenListening,
} from "./config.ts";
import { readEndpoints } from "./endpoints.ts";
import { openErrorReports } from "./error-reports.ts";
import { createHealth } from "./health.ts";
import { giveBackMemoryWhenIdle } from "./idle-memory.ts";
import { runProcess } from "./lifecycle.ts";
import { createLog } from "./log.ts";
import { createMetrics } from "./metrics.ts";
import { startOpsServer } from "./ops-server.ts";
import type { ProcessParts, Serving, StartStandalone } from "./yard.ts";

/** One role that uses no part of the yard, as a process of its own: no address of any part has to be known. */
export async function runStandalone(role: Role, start: StartStandalone): Promise<void> {
  const config = configOrExit({ ...process.env, ROLES: role });
  await serve(role, config, async (parts) => {
    await start(parts);
    return {};
  });
}

/** `start` gives the URL of the gateway, whose server answers operators too. */
export async function serve(
  name: string,
  config: Config,
  start: (parts: ProcessParts) => Promise<Serving>,
): Promise<void> {
  const { instance, sentry, otlpEndpoint: endpoint, logLevel: level } = config;
  const reports = sentry && (await openErrorReports({ ...sentry, name, instance }));
  const log = createLog({ level, name, instance, onError: reports?.error });
  await runProcess(
    name,
    async (lifecycle) => {
      // Closed last, with what the others had to report at their end.
      if (reports !== undefined) lifecycle.own("error reports", () => reports.close());
      // Imported when wanted: nobody else pays for it.
      const tracing =
        endpoint && (await import("./tracing.ts")).openTracing({ endpoint, name, instance, log });
      if (tracing) lifecycle.own("tracing", () => tracing.close());
      const parts = {
        ...{ config, log, lifecycle, health: createHealth(), metrics: createMetrics() },
        tracing: tracing || undefined,
      };
      reports?.timeStages(parts.metrics);
      const { roles, launcherPid, dataDir } = config;
      lifecycle.own("idle memory", giveBackMemoryWhenIdle());
      // The launcher writes the endpoints when every process serves and the demo data are in.
      if (launcherPid !== undefined && roles.includes("gateway"))
        parts.health.add("start", () => {
          if (readEndpoints(dataDir) === undefined) throw new Error("the start is not finished");
        });
      const { metricsToken } = config;
      const ops = roles.includes("gateway")
        ? undefined
        : await startOpsServer({ ...parts, metricsToken, ...config.http });
      const serving = await start(parts);
      const url = ops?.url ?? serving.url;
      process.stdout.write(`switchyard ready on ${url}\n`);
      log.info({ roles, url }, "process ready");
    },
    {
      log,
      deadlineMs: config.drainMs,
      ...(config.launcherPid && { parentPid: config.launcherPid }),
    },
  );
}

/** What is wrong is told in words; a stack would only hide it. */
export function configOrExit(env: Environment): Config {
  try {
    const config = readConfig(env);
    refuseOpenListening(config);
    return config;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
