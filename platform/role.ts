// Runs roles as one process: the same code whether they share it or each has its own.
import type { Environment, Role } from "./config.ts";
import { resolveConnections } from "./connections.ts";
import { showDependencies } from "./dependency-health.ts";
import { showDiskSpace } from "./disk-space.ts";
import { configOrExit, serve } from "./serve.ts";
import { startHeartbeat } from "./workers/heartbeat.ts";
import { createYard, type StartRole } from "./yard.ts";

/** Loads the code of those roles that ROLES names, and starts them side by side. */
export async function runRoles(
  name: string,
  load: Readonly<Partial<Record<Role, () => Promise<StartRole>>>>,
  env: Environment = process.env,
): Promise<void> {
  const config = configOrExit(env);
  // All before any: a role that serves already must not wait while the code of another is compiled.
  const loaded = await Promise.all(config.roles.map(async (role) => ({ role, start: await load[role]?.() })));
  const wanted = loaded.flatMap(({ role, start }) => (start === undefined ? [] : [{ role, start }]));
  const roles = wanted.map(({ role }) => role);
  await serve(name, { ...config, roles }, async (parts) => {
    const yard = createYard({ ...parts, config: resolveConnections(parts.config) });
    const heartbeat = startHeartbeat(yard, roles);
    showDiskSpace(config.dataDir, yard.metrics);
    showDependencies(parts.health, yard.metrics);
    const serving = await Promise.all(
      wanted.map(async ({ role, start }) => {
        const served = await start({ ...yard, log: yard.log.child({ role }) });
        heartbeat.running(role);
        return served;
      }),
    );
    return { ...serving[roles.indexOf("gateway")] };
  });
}

/** One role as a process of its own. */
export function runRole(role: Role, start: StartRole): Promise<void> {
  return runRoles(role, { [role]: async () => start }, { ...process.env, ROLES: role });
}
