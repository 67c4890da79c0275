// Runs roles as one process: the same code whether they share it or each has its own.
import type { Environment, Role } from "./config.ts";
import { resolveConnections } from "./connections.ts";
import { configOrExit, serve } from "./serve.ts";
import { createYard, type StartRole } from "./yard.ts";

/** `roles` are started side by side; those that ROLES does not name are left out. */
export async function runRoles(
  name: string,
  roles: Readonly<Partial<Record<Role, StartRole>>>,
  env: Environment = process.env,
): Promise<void> {
  const config = configOrExit(env);
  const wanted = config.roles.filter((role) => roles[role] !== undefined);
  await serve(name, { ...config, roles: wanted }, async (parts) => {
    const yard = createYard({ ...parts, config: resolveConnections(parts.config) });
    const serving = await Promise.all(
      wanted.map((role) => roles[role]?.({ ...yard, log: yard.log.child({ role }) })),
    );
    return { ...serving[wanted.indexOf("gateway")] };
  });
}

/** One role as a process of its own. */
export function runRole(role: Role, start: StartRole): Promise<void> {
  return runRoles(role, { [role]: start }, { ...process.env, ROLES: role });
}
