// Which process runs which roles: the gateway apart from what computes, the rest apart from each other as far as cores allow.
import type { Role } from "#platform/config.ts";

export interface RoleProcess {
  readonly name: string;
  readonly roles: readonly Role[];
}

/**
 * The number of cores from which on a role has a process of its own. Each process decodes the log and compiles its code again, so
 * that more of them than cores only cost. To deliver is half of the work behind the gateway.
 */
const APART_FROM_CORES: Readonly<Record<Role, number>> = {
  gateway: 1,
  simulator: 1,
  partners: 2,
  projections: 5,
  compiler: 9,
  relay: 9,
  leads: 9,
  identity: 9,
  campaigns: 9,
  timers: 9,
};

/** Those that share a process are the worker. */
export function spread(roles: readonly Role[], cores: number): readonly RoleProcess[] {
  const wanted = [...new Set(roles)];
  const apart = wanted.filter((role) => cores >= APART_FROM_CORES[role]);
  const together = wanted.filter((role) => cores < APART_FROM_CORES[role]);
  const processes = apart.map((role): RoleProcess => ({ name: role, roles: [role] }));
  const [first] = together;
  if (first === undefined) return processes;
  return [...processes, { name: together.length === 1 ? first : "worker", roles: together }];
}
