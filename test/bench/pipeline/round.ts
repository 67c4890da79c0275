// One measurement: submissions go in, each must come out at a partner once, and stand in the read models.
import { setTimeout as pause } from "node:timers/promises";
import type { Bench } from "./bench.ts";
import { now } from "./clock.ts";
import type { Lag } from "./lag.ts";
import type { LoadOutcome } from "./load.ts";
import { spent, type Usages, usagesOf } from "./processes.ts";
import type { RunningSystem } from "./system.ts";

export interface Serials {
  readonly from: number;
  readonly many: number;
}

export interface Round {
  readonly load: LoadOutcome;
  readonly acceptedPerSecond: number;
  /** From the first request to the last delivery. */
  readonly endToEndPerSecond: number;
  /** Until the read models knew of all; NaN when they did not in time. */
  readonly caughtUpPerSecond: number;
  /** CPU seconds of the whole round, and the memory at its end. */
  readonly usages: Usages;
  /** Of the producers and the partners, who share the machine. */
  readonly beside: Usages;
  readonly lag: Lag | undefined;
  readonly counted: Counted;
}

export interface Counted {
  /** Accepted, and came to no partner. */
  readonly lost: number;
  /** Requests for what a partner had been sent already. */
  readonly doubled: number;
  /** Requests at another partner than the rules say. */
  readonly misrouted: number;
  /** Delivered, and not in the read models once as that. */
  readonly unread: number;
}

const LOOK_MS = 50;
/** When nothing more comes for so long, nothing will. */
const PATIENCE_MS = 60_000;

export async function measure(
  system: RunningSystem,
  bench: Bench,
  { from, many, connections }: Serials & { readonly connections: number },
): Promise<Round> {
  const { url } = system;
  const families = [
    { name: "producers", pid: bench.generator.pid },
    { name: "partners", pid: bench.partners.pid },
  ];
  const [before, besideBefore] = [usagesOf(system.families()), usagesOf(families)];
  const lagOf = system.readModels?.watch?.();
  const load = await bench.generator.call("load", { url, secret: bench.secret, from, many, connections });
  const deliveredAt = await delivered(bench, load.accepted, from);
  const lag = await lagOf?.(load.positions);
  const position = load.positions.at(-1)?.position ?? 0;
  const caughtUpAt = system.readModels ? await system.readModels.caughtUp(position) : deliveredAt;
  const usages = spent(before, usagesOf(system.families()));
  const perSecond = (end: number): number => (load.acceptedCount * 1_000) / (end - load.startedAt);
  return {
    load,
    acceptedPerSecond: perSecond(load.endedAt),
    endToEndPerSecond: perSecond(deliveredAt),
    caughtUpPerSecond: perSecond(caughtUpAt ?? Number.NaN),
    usages,
    beside: spent(besideBefore, usagesOf(families)),
    lag,
    counted: await count(system, bench, load.accepted, from),
  };
}

/** Until every accepted one is at a partner; resolves with the moment of the last. */
export async function delivered(bench: Bench, accepted: Uint8Array, from: number): Promise<number> {
  const wanted = accepted.reduce((sum, one) => sum + one, 0);
  let [best, movedAt] = [-1, now()];
  for (;;) {
    const { distinct, lastAt } = await bench.partners.call("status");
    // Asked one by one only when there are enough: what was delivered without an answer to its producer counts there, too.
    if (distinct >= wanted && missing(accepted, await countsAt(bench, accepted, from)) === 0) return lastAt;
    if (distinct > best) [best, movedAt] = [distinct, now()];
    if (now() - movedAt > PATIENCE_MS) return lastAt;
    await pause(LOOK_MS);
  }
}

const countsAt = (bench: Bench, { length }: Uint8Array, from: number): Promise<Uint8Array> =>
  bench.partners.call("counts", { from, many: length });

const missing = (accepted: Uint8Array, counts: Uint8Array): number =>
  accepted.reduce((sum, one, index) => sum + (one === 1 && counts[index] === 0 ? 1 : 0), 0);

export async function count(
  system: RunningSystem,
  bench: Bench,
  accepted: Uint8Array,
  from: number,
): Promise<Counted> {
  const counts = await countsAt(bench, accepted, from);
  const { requests, distinct, misrouted } = await bench.partners.call("status");
  const read = await system.readModels?.delivered({ from, many: accepted.length });
  const wrong = read?.reduce((sum, times, index) => sum + (times === (counts[index] ? 1 : 0) ? 0 : 1), 0);
  return {
    lost: missing(accepted, counts),
    doubled: requests - distinct,
    misrouted,
    unread: wrong ?? 0,
  };
}
