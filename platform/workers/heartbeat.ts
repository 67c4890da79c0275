// Says regularly which roles this process runs and how they are, and gives this process's figures to whoever gathers
// those of all.
import type { Bus } from "../bus/bus.ts";
import type { Role } from "../config.ts";
import { every } from "../every.ts";
import type { Yard } from "../yard.ts";
import { BEAT_MS, type Beat, listenToHellos, sendBeat, type WorkerState } from "./beat.ts";
import { serveFigures } from "./figures.ts";

export interface Heartbeat {
  /** The role serves from now on. */
  running(role: Role): void;
}

export function startHeartbeat(yard: Yard, roles: readonly Role[]): Heartbeat {
  const { config, metrics, lifecycle, log } = yard;
  const { instance, restarts = 0, lastEnd: reason } = config;
  const began = Date.now();
  const states = new Map<Role, Beat["roles"][number]>();
  let bus: Bus | undefined;

  const beat = (): Beat => ({
    instance,
    began,
    restarts,
    ...(reason !== undefined && { reason }),
    roles: [...states.values()],
  });
  function say(): void {
    if (bus !== undefined) sendBeat(bus, beat());
  }
  function enter(state: WorkerState, entering: readonly Role[]): void {
    const since = new Date().toISOString();
    for (const role of entering) {
      states.set(role, { role, state, since });
      metrics.workerUp.set({ role }, state === "running" ? 1 : 0);
    }
    say();
  }

  async function begin(): Promise<void> {
    const connected = await yard.bus();
    bus = connected;
    const listening = listenToHellos(connected, say);
    const serving = serveFigures({ bus: connected, instance, began, metrics, log });
    const endBeats = every({ ms: BEAT_MS, work: say, atOnce: true });
    lifecycle.own("heartbeat", async () => {
      endBeats();
      states.clear();
      say();
      await Promise.all([listening.close(), serving.close()]);
    });
  }

  for (const role of roles) metrics.workerRestartsTotal.inc({ role }, restarts);
  enter("starting", roles);
  // Before that, there is nobody who could hear it; a role that needs the bus tells what is wrong with it.
  begin().catch((error: unknown) => log.debug({ err: error }, "heartbeat not begun"));
  lifecycle.stopping.addEventListener("abort", () => enter("stopping", roles), { once: true });
  return {
    running(role) {
      if (!lifecycle.stopping.aborted) enter("running", [role]);
    },
  };
}
