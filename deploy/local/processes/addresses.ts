// Where each process listens, also after it was started again: the gateway where HOST and PORT say, the others on loopback.
import type { Config, Environment } from "#platform/config.ts";
import type { Endpoints } from "#platform/endpoints.ts";
import { freePort, LOOPBACK } from "#platform/free-port.ts";
import { demandPort, firstFreePort } from "../ports.ts";
import { keptSimulatorUrl } from "../welcome/seed.ts";
import type { RoleProcess } from "./spread.ts";

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Addresses {
  /** The gateway's, also where it does not run. */
  readonly gateway: Address;
  /** The simulated partners', also where they do not run. */
  readonly simulatorPort: number;
  /** Of a process by its name: for its API, or for operators alone. */
  readonly of: (name: string) => Address;
}

export async function chooseAddresses(
  processes: readonly RoleProcess[],
  config: Config,
  env: Environment,
  joined: Endpoints | undefined,
): Promise<Addresses> {
  const { host, port } = config.http;
  const owner = ownerOfPort(processes, env);
  const isFixed = owner === undefined && port !== 0;
  const gateway = { host, port: isFixed ? port : await demandPort("PORT", host, port) };
  const addresses = new Map<string, Address>();
  for (const { name } of processes)
    addresses.set(name, name === owner ? gateway : { host: LOOPBACK, port: await freePort() });
  return {
    gateway,
    simulatorPort: await simulatorPort(config, env, joined),
    of: (name) => addresses.get(name) ?? gateway,
  };
}

/** The gateway; without one the first process, if a port is asked for. */
function ownerOfPort(processes: readonly RoleProcess[], { PORT }: Environment): string | undefined {
  const gateway = processes.find(({ roles }) => roles.includes("gateway"));
  return (gateway ?? (PORT ? processes[0] : undefined))?.name;
}

/** The one that is asked for, else where it was last, since partners are configured with its address; any where that is taken. */
async function simulatorPort(
  { dataDir, roles, simulatorPort: configured }: Config,
  { SIMULATOR_PORT }: Environment,
  joined: Endpoints | undefined,
): Promise<number> {
  const running = joined && portOf(joined.simulator_url);
  const known = SIMULATOR_PORT ? configured : running;
  if (known !== undefined && !roles.includes("simulator")) return known;
  return known === undefined
    ? firstFreePort(portOf(keptSimulatorUrl(dataDir)), configured)
    : firstFreePort(known);
}

function portOf(url: string | undefined): number {
  return url !== undefined && URL.canParse(url) ? Number(new URL(url).port) : 0;
}
