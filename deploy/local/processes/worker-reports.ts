// What only the launcher can say of the processes that it supervises: that one has died and why, and all about those that have no
// connection to NATS.
import { type NatsAccess, openConnection } from "#platform/bus/connection.ts";
import { createRequests } from "#platform/bus/requests.ts";
import { every } from "#platform/every.ts";
import type { Lifecycle } from "#platform/lifecycle.ts";
import { createLog } from "#platform/log.ts";
import { BEAT_MS, type Beat, listenToHellos, sendBeat, type WorkerState } from "#platform/workers/beat.ts";
import type { Death } from "../children/child.ts";
import { instanceOf } from "./role-process.ts";
import type { RoleProcess } from "./spread.ts";

export interface WorkerReports {
  begin(process: RoleProcess): Report;
  /** What was reported before is told then. */
  connect(access: NatsAccess): Promise<void>;
}

export interface Report {
  running(): void;
  died(death: Death): void;
}

/** `instance`: what our processes are called, before the name of each. */
export function createWorkerReports(instance: string, lifecycle: Lifecycle): WorkerReports {
  /** Of processes that can't speak for themselves. */
  const spokenFor = new Map<string, Beat>();
  let send = (_beat: Beat): void => undefined;

  return {
    begin(process) {
      const { name, roles } = process;
      const own = instanceOf(instance, process);
      const speaks = roles.some((role) => role !== "simulator");
      let restarts = 0;
      function say(state: WorkerState, reason?: string): void {
        const since = new Date().toISOString();
        const beat: Beat = {
          instance: own,
          restarts,
          ...(reason !== undefined && { reason }),
          roles: roles.map((role) => ({ role, state, since })),
        };
        if (!speaks) spokenFor.set(name, beat);
        if (!speaks || state === "lost") send(beat);
      }
      let reason: string | undefined;
      say("starting");
      return {
        running: () => say("running", reason),
        died(death) {
          ({ reason, restarts } = death);
          say("lost", reason);
          restarts += 1;
        },
      };
    },

    async connect(access) {
      const log = createLog({ level: "silent", name: "launcher", instance });
      const connection = await openConnection({
        ...access,
        name: `${instance}-launcher`,
        log,
        signal: lifecycle.stopping,
      });
      const bus = createRequests({ nats: connection.nats, log, signal: lifecycle.stopping });
      send = (beat) => sendBeat(bus, beat);
      const sayAll = (): void => {
        for (const beat of spokenFor.values()) send(beat);
      };
      const listening = listenToHellos(bus, sayAll);
      const endBeats = every({ ms: BEAT_MS, work: sayAll, atOnce: true });
      lifecycle.own("worker reports", async () => {
        endBeats();
        for (const beat of spokenFor.values()) send({ ...beat, roles: [] });
        await listening.close();
        await connection.close();
      });
    },
  };
}
