// Runs roles as one process: the same code whether they share it or each has its own.
import { type Config, ConfigError, type Role, readConfig } from "./config.ts";
import { resolveConnections } from "./connections.ts";
import { createHealth } from "./health.ts";
import { runProcess } from "./lifecycle.ts";
import { createLog } from "./log.ts";
import { createMetrics } from "./metrics.ts";
import { startOpsServer } from "./ops-server.ts";
import { createYard, type StartRole } from "./yard.ts";

/** `roles` are started side by side; those that `config.roles` does not name are left out. */
export async function runRoles(
  name: string,
  roles: Readonly<Partial<Record<Role, StartRole>>>,
  env: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  const config = configOrExit(env);
  const log = createLog({ level: config.logLevel, name, instance: config.instance });
  await runProcess(
    name,
    async (lifecycle) => {
      const connections = resolveConnections(config);
      const health = createHealth();
      const metrics = createMetrics();
      const yard = createYard({ config: connections, log, metrics, health, lifecycle });
      const wanted = config.roles.filter((role) => roles[role] !== undefined);
      // The gateway's own server answers for the process; without it, a small one does.
      const ops = wanted.includes("gateway")
        ? undefined
        : await startOpsServer({ health, metrics, ...config.http, lifecycle });
      const serving = await Promise.all(
        wanted.map((role) => roles[role]?.({ ...yard, log: log.child({ role }) })),
      );
      const url = ops?.url ?? serving[wanted.indexOf("gateway")]?.url;
      process.stdout.write(`switchyard ready on ${url}\n`);
      log.info({ roles: wanted, url }, "ready");
    },
    { log, deadlineMs: config.drainMs },
  );
}

/** One role as a process of its own. */
export function runRole(role: Role, start: StartRole): Promise<void> {
  return runRoles(role, { [role]: start }, { ...process.env, ROLES: role });
}

/** What is wrong is told in words; a stack would only hide it. */
function configOrExit(env: NodeJS.ProcessEnv): Config {
  try {
    return readConfig(env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
