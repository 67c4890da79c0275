// One measurement of a system: members are created, then worked off, and counted at the provider.
import { setTimeout as pause } from "node:timers/promises";
import type { Child } from "../pipeline/child.ts";
import { now } from "../pipeline/clock.ts";
import { sumOf, type Usages, usagesBetween, usagesOf } from "../pipeline/processes.ts";
import type { ProviderApi, ProviderStatus } from "./provider.ts";
import type { Created, JobSystem } from "./system.ts";

export interface Round {
  readonly created: Created;
  /** The same once more, which adds nobody. */
  readonly again: Created;
  /** Of the first time. */
  readonly creationUsages: Usages;
  /** Members a second, from the first moment until the last message was at the provider. */
  readonly sentPerSecond: number;
  /** Until the system itself knows that all are over. */
  readonly overPerSecond: number;
  /** Of all processes of the system in MB: when the work begins, in its middle and at its end. */
  readonly memory: readonly [number, number, number];
  /** From the beginning of the work until the system knows that all are over. */
  readonly usages: Usages;
  readonly lost: number;
  readonly doubled: number;
  readonly connections: number;
}

/** Nobody is lost or doubled, and the system knows itself that all are over. */
export const isExact = ({ lost, doubled, overPerSecond }: Round): boolean =>
  lost + doubled === 0 && !Number.isNaN(overPerSecond);

const LOOK_MS = 50;
const NO_PROGRESS_MS = 60_000;

export async function measure(
  system: JobSystem,
  provider: Child<ProviderApi>,
  batch: string,
  count: number,
  { noProgressMs = NO_PROGRESS_MS }: { readonly noProgressMs?: number } = {},
): Promise<Round> {
  const idle = usagesOf(system.processTrees());
  const created = await system.create(batch, count, false);
  const creationUsages = usagesBetween(idle, usagesOf(system.processTrees()));
  const again = await system.create(batch, count, true);
  await provider.call("reset");
  const before = usagesOf(system.processTrees());
  const began = now();
  await system.begin(batch);
  const half = await arrived(provider, Math.ceil(count / 2), noProgressMs);
  const middle = megabytes(usagesOf(system.processTrees()));
  const { lastAt } = half.distinct < count ? await arrived(provider, count, noProgressMs) : half;
  const overAt = await over(system, batch, count);
  const after = usagesOf(system.processTrees());
  const { requests, distinct, maxConnections } = await provider.call("status");
  const perSecond = (end: number): number => (distinct * 1_000) / (end - began);
  return {
    created,
    again,
    creationUsages,
    sentPerSecond: perSecond(lastAt),
    overPerSecond: perSecond(overAt),
    memory: [megabytes(before), middle, megabytes(after)],
    usages: usagesBetween(before, after),
    lost: count - distinct,
    doubled: requests - distinct,
    connections: maxConnections,
  };
}

export function cpuOf(usages: Usages): number {
  const { user, system } = sumOf(usages);
  return user + system;
}

const megabytes = (usages: Usages): number => sumOf(usages).pss;

/** Until so many have come, or none does any more. */
async function arrived(
  provider: Child<ProviderApi>,
  count: number,
  noProgressMs: number,
): Promise<ProviderStatus> {
  let [last, movedAt] = [-1, now()];
  for (;;) {
    const status = await provider.call("status");
    if (status.distinct !== last) [last, movedAt] = [status.distinct, now()];
    if (status.distinct >= count || now() - movedAt > noProgressMs) return status;
    await pause(LOOK_MS);
  }
}

/** NaN where it does not come to that. */
async function over(system: JobSystem, batch: string, count: number): Promise<number> {
  for (const deadline = now() + NO_PROGRESS_MS; now() < deadline; await pause(LOOK_MS))
    if (await system.isOver(batch, count)) return now();
  return Number.NaN;
}
