// A process with some of our roles.
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { configurationFor, type Environment } from "#platform/config.ts";
import { scrub } from "#platform/scrub.ts";
import type { Command, Death } from "../children/child.ts";
import { warningIn } from "../children/log-lines.ts";
import { nodeEnvironment } from "../environment.ts";
import type { RoleProcess } from "./spread.ts";

const SERVICES = join(import.meta.dirname, "../../../services");
/** The second is about the event store's address, which names it by number, as its certificate does. */
const QUIET = ["--disable-warning=ExperimentalWarning", "--disable-warning=DEP0123"];
/** Of an instance's name, so that a process's name fits behind it. */
const MAX_INSTANCE = 48;

const BEHIND_THE_GATEWAY = 5;
/** For what lives shortly: the larger, the less of it is still in use when it is collected. See docs/decisions/0177. */
const YOUNG_MB = 128;
/** Of the engine's own, which collect and compile beside us: more than there are other cores only wait for each other. */
const HELPER_THREADS = Math.min(4, Math.max(1, availableParallelism() - 1));
/** glibc raises both with the largest buffer that it has seen, and then keeps what was freed. */
const GIVE_BACK_BUFFERS = { MALLOC_MMAP_THRESHOLD_: "131072", MALLOC_TRIM_THRESHOLD_: "131072" };

export interface RoleProcessOptions extends RoleProcess {
  /** The launcher's, with the addresses of the parts. */
  readonly env: Environment;
  readonly address: { readonly host: string; readonly port: number };
  readonly drainMs: number;
  /** What our processes are called, before the name of each. */
  readonly instance: string;
  /** Stands in for the services. */
  readonly script?: string;
  readonly onDied?: (death: Death) => void;
  readonly onRestarted?: () => Promise<void>;
}

/** The same after each restart; one name for two processes would make each believe that it held the other's leases. */
export function instanceOf(instance: string, { name }: RoleProcess): string {
  return `${instance.slice(0, MAX_INSTANCE)}-${name}`;
}

export function roleProcessCommand(options: RoleProcessOptions): Command {
  const { name, roles, env, address, drainMs, instance, script = scriptOf(options) } = options;
  const { onDied, onRestarted } = options;
  const own = {
    ROLES: roles.join(","),
    HOST: address.host,
    PORT: `${address.port}`,
    INSTANCE: instanceOf(instance, options),
  };
  return {
    name,
    command: process.execPath,
    args: [...QUIET, `--max-semi-space-size=${YOUNG_MB}`, `--v8-pool-size=${HELPER_THREADS}`, script],
    env: {
      ...nodeEnvironment(env),
      ...GIVE_BACK_BUFFERS,
      ...configurationFor(roles, { ...env, ...own }),
      SWITCHYARD_PARENT: `${process.pid}`,
    },
    // With its port, since a launcher that joins another may write to the same log.
    ready: new RegExp(`^switchyard ready on (\\S+:${address.port})$`),
    readyWithinMs: 90_000,
    // What others compute must not delay an answer, so the gateway comes first, and the event store that it waits for.
    ...(!options.roles.includes("gateway") && { niceness: BEHIND_THE_GATEWAY }),
    stopSignal: "SIGTERM",
    stopWithinMs: drainMs + 1_000,
    envAfter: ({ reason, restarts }) => ({
      SWITCHYARD_RESTARTS: `${restarts + 1}`,
      SWITCHYARD_LAST_END: shown(reason),
    }),
    ...(onDied && {
      onDied: ({ reason, restarts }: Death) => onDied({ reason: shown(reason), restarts }),
    }),
    ...(onRestarted && { onRestarted }),
    warning: warningIn,
  };
}

/** It leaves the machine, may quote what an error's message does, and no environment takes a NUL. */
function shown(reason: string): string {
  return scrub(reason).replaceAll(/\p{Cc}/gu, " ");
}

/** The simulator's own program needs no address of any part. */
function scriptOf({ roles }: RoleProcess): string {
  return join(SERVICES, roles.join() === "simulator" ? "simulator/main.ts" : "main.ts");
}
