// Which roles run where: what their processes say, and what follows from their silence.
//
// 1. A process that is silent for LOST_AFTER_MS is lost, until it is heard again or replaced; after KEPT_LOST_MS nobody asks for it any more.
// 2. Silence counts only while this process hears anything: without NATS, or stopped itself, it knows nothing about others.
// 3. What is said of a process that has been replaced says nothing about the one that replaced it.
// 4. Restarts are counted by the launcher; where there is none, by the processes of one name that are seen one after the other.
import type { Bus } from "#platform/bus/bus.ts";
import type { Role } from "#platform/config.ts";
import { every } from "#platform/every.ts";
import type { Log } from "#platform/log.ts";
import { type Beat, listenToBeats, type WorkerState } from "#platform/workers/beat.ts";

export interface Worker {
  readonly role: Role;
  readonly instance: string;
  readonly state: WorkerState;
  readonly since: string;
  readonly restarts: number;
  readonly last_heartbeat: string;
  /** What ended it the last time. */
  readonly reason?: string;
}

export interface Workers {
  list(): readonly Worker[];
  /** The processes that should answer now. */
  reachable(): ReadonlySet<string>;
  /** Also those that are lost. */
  instances(): ReadonlySet<string>;
  /** Of all processes that were seen since this one began. */
  restarts(role: Role): number;
  /** When the process began that has this name now; undefined where it has not said so. */
  began(instance: string): number | undefined;
  close(): Promise<void>;
}

export interface WorkersParts {
  readonly bus: Pick<Bus, "broadcast" | "listen" | "connected">;
  readonly log: Log;
  readonly now?: () => number;
  /** Returns what ends it. */
  readonly lookEvery?: (work: () => void) => () => void;
}

const LOST_AFTER_MS = 5_000;
const KEPT_LOST_MS = 10 * 60_000;
const LOOK_MS = 500;

interface Seen extends Worker {
  /** Undefined while only its launcher has spoken of it. */
  readonly began: number | undefined;
  /** Its restarts, as it said itself. */
  readonly told: number;
  silentMs: number;
}

const onTimer = (work: () => void): (() => void) => every({ ms: LOOK_MS, work });

export function followWorkers({ bus, log, now = Date.now, lookEvery = onTimer }: WorkersParts): Workers {
  const seen = new Map<string, Seen>();
  const restarts = new Map<Role, number>();
  let lookedAt = now();

  function onBeat(beat: Beat): void {
    if (beat.roles.length === 0) leave(beat);
    for (const { role, state, since } of beat.roles) {
      const key = `${role} ${beat.instance}`;
      const before = seen.get(key);
      if (before !== undefined && isOfPredecessor(beat, before)) continue; // 3
      const worker: Seen = {
        role,
        instance: beat.instance,
        state,
        since,
        restarts: restartsOf(beat, before),
        last_heartbeat: new Date(now()).toISOString(),
        ...(beat.reason !== undefined && { reason: beat.reason }),
        began: beat.began ?? before?.began,
        told: beat.restarts,
        silentMs: 0,
      };
      seen.set(key, worker);
      tell(worker, before);
    }
  }

  function leave({ instance, began }: Beat): void {
    for (const [key, one] of seen) if (one.instance === instance && one.began === began) seen.delete(key);
  }

  function tell({ role, instance, state, reason, restarts: count }: Seen, before: Seen | undefined): void {
    const more = count - (before?.restarts ?? 0);
    if (more > 0) restarts.set(role, (restarts.get(role) ?? 0) + more);
    if (before?.state === state) return;
    if (state === "lost") log.warn({ worker: role, instance, reason }, "worker lost");
    else if (before?.state === "lost") log.info({ worker: role, instance, state }, "worker back");
  }

  function look(): void {
    const at = now();
    // 2. The longest that the timer may be late before something has held up this process as well.
    const elapsed = bus.connected ? Math.min(Math.max(0, at - lookedAt), 2 * LOOK_MS) : 0;
    lookedAt = at;
    for (const [key, one] of seen) {
      one.silentMs += elapsed;
      if (one.silentMs > LOST_AFTER_MS + KEPT_LOST_MS)
        seen.delete(key); // 1
      else if (one.silentMs > LOST_AFTER_MS && one.state !== "lost") {
        const lost: Seen = {
          ...one,
          state: "lost",
          since: new Date(at).toISOString(),
          reason: `no heartbeat for ${LOST_AFTER_MS / 1_000} s`,
        };
        seen.set(key, lost);
        tell(lost, one);
      }
    }
  }

  const listening = listenToBeats(bus, onBeat);
  const endLooks = lookEvery(look);
  const instancesOf = (workers: Iterable<Seen>): ReadonlySet<string> =>
    new Set(Array.from(workers, ({ instance }) => instance));

  return {
    list: () =>
      [...seen.values()]
        .map(({ began: _, told: __, silentMs: ___, ...worker }) => worker)
        .sort((a, b) => a.role.localeCompare(b.role) || a.instance.localeCompare(b.instance)),
    reachable: () =>
      instancesOf([...seen.values()].filter(({ state, began }) => state !== "lost" && began !== undefined)),
    instances: () => instancesOf(seen.values()),
    restarts: (role) => restarts.get(role) ?? 0,
    began: (instance) => [...seen.values()].find((one) => one.instance === instance)?.began,
    async close() {
      endLooks();
      await listening.close();
    },
  };
}

function isOfPredecessor({ began, restarts, roles }: Beat, before: Seen): boolean {
  if (began === undefined || before.began === undefined)
    // A launcher says of a process that it is lost, which another may have replaced by now.
    return restarts < before.restarts && roles.some(({ state }) => state === "lost");
  // By a clock that was set back the later of two began earlier: a launcher counts them, and whoever is lost has had its last word.
  return began < before.began && restarts <= before.told && before.state !== "lost";
}

/** 4 */
function restartsOf({ began, restarts }: Beat, before: Seen | undefined): number {
  if (before === undefined) return restarts;
  const isReplaced = began !== undefined && before.began !== undefined && began !== before.began;
  return Math.max(restarts, isReplaced ? before.restarts + 1 : before.restarts);
}
