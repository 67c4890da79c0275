// One measurement: sends submissions, waits until each is delivered and the read models know it, and checks that each was delivered once.
import { setTimeout as pause } from "node:timers/promises";
import type { Bench } from "./bench.ts";
import { now } from "./clock.ts";
import type { Lag } from "./lag.ts";
import type { LoadResult } from "./load.ts";
import { type Usages, usagesBetween, usagesOf } from "./processes.ts";
import type { Serials } from "./submissions.ts";
import type { RunningSystem } from "./system.ts";

/** Until the JIT compilers have optimised the hot code; --burst measures what comes before. */
export const WARM_UP = 2_000;

export interface Round {
  readonly load: LoadResult;
  readonly acceptedPerSecond: number;
  /** From the first request to the last delivery. */
  readonly endToEndPerSecond: number;
  /** Until the read models show all as delivered; NaN if they did not within the deadline. */
  readonly readPerSecond: number;
  /** CPU time of the whole round, memory at its end. */
  readonly usages: Usages;
  /** The same of load generator and partners. */
  readonly benchUsages: Usages;
  readonly lag: Lag | undefined;
  readonly check: Check;
}

export interface Check {
  /** Accepted, but at no partner. */
  readonly lost: number;
  /** Requests for a submission that a partner already had. */
  readonly doubled: number;
  /** Requests to a partner that the rules do not choose. */
  readonly misrouted: number;
  /** Delivered, but not exactly once in the read models; or the other way round. */
  readonly misread: number;
}

export const isExact = ({ lost, doubled, misrouted, misread }: Check): boolean =>
  lost + doubled + misrouted + misread === 0;

const POLL_MS = 100;
const NO_PROGRESS_MS = 60_000;

export async function measure(
  system: RunningSystem,
  bench: Bench,
  { from, many, connections }: Serials & { readonly connections: number },
): Promise<Round> {
  const { url } = system;
  const before = usagesOf(system.processTrees());
  const benchBefore = usagesOf(bench.processTrees);
  const stopWatching = system.readModels?.watchLag?.();
  const load = await bench.generator.call("load", { url, secret: bench.secret, from, many, connections });
  const deliveredAt = await delivered(bench, load.accepted, from);
  const lag = await stopWatching?.(load.positions);
  const position = load.positions.at(-1)?.position ?? 0;
  const readAt = system.readModels ? await system.readModels.caughtUp(position) : deliveredAt;
  const usages = usagesBetween(before, usagesOf(system.processTrees()));
  const benchUsages = usagesBetween(benchBefore, usagesOf(bench.processTrees));
  const perSecond = (end: number): number => (load.acceptedCount * 1_000) / (end - load.startedAt);
  return {
    load,
    acceptedPerSecond: perSecond(load.endedAt),
    endToEndPerSecond: perSecond(deliveredAt),
    readPerSecond: perSecond(readAt ?? Number.NaN),
    usages,
    benchUsages,
    lag,
    check: await check(system, bench, load.accepted, from),
  };
}

/** Waits until every accepted submission is at a partner, or nothing moves any more. Resolves with the time of the last delivery. */
export async function delivered(bench: Bench, accepted: Uint8Array, from: number): Promise<number> {
  let [fewest, movedAt] = [Number.POSITIVE_INFINITY, now()];
  for (;;) {
    const lost = lostOf(accepted, await countsOf(bench, accepted, from));
    if (lost < fewest) [fewest, movedAt] = [lost, now()];
    if (lost === 0 || now() - movedAt > NO_PROGRESS_MS) return (await bench.partners.call("status")).lastAt;
    await pause(POLL_MS);
  }
}

const countsOf = (bench: Bench, { length }: Uint8Array, from: number): Promise<Uint8Array> =>
  bench.partners.call("counts", { from, many: length });

const lostOf = (accepted: Uint8Array, counts: Uint8Array): number =>
  accepted.reduce((sum, one, index) => sum + (one === 1 && counts[index] === 0 ? 1 : 0), 0);

export async function check(
  system: RunningSystem,
  bench: Bench,
  accepted: Uint8Array,
  from: number,
): Promise<Check> {
  const counts = await countsOf(bench, accepted, from);
  const { requests, distinct, misrouted } = await bench.partners.call("status");
  const read = await system.readModels?.delivered({ from, many: accepted.length });
  return {
    lost: lostOf(accepted, counts),
    doubled: requests - distinct,
    misrouted,
    misread: read?.reduce((sum, times, index) => sum + (times === (counts[index] ? 1 : 0) ? 0 : 1), 0) ?? 0,
  };
}
