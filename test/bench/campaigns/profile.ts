// CPU profiles of the yard's Node processes: one while members are created, twice, and one while they are sent to.
import type { Child } from "../pipeline/child.ts";
import { startProfile } from "../pipeline/profile/inspector.ts";
import type { CpuProfile } from "../pipeline/profile/self-times.ts";
import { printProfile } from "../pipeline/profile.ts";
import type { ProviderApi } from "./provider.ts";
import { measure, type Round } from "./round.ts";
import type { JobSystem } from "./system.ts";

type Stop = (what: string, each: number) => Promise<void>;

/** The round is slower than one without profilers. */
export async function profile(
  system: JobSystem,
  provider: Child<ProviderApi>,
  batch: string,
  members: number,
): Promise<Round> {
  let stopSending: Stop | undefined;
  const profiled: JobSystem = {
    ...system,
    async create(...given) {
      const stop = await profileAll(system);
      const created = await system.create(...given);
      await stop("created", members);
      return created;
    },
    async begin(...given) {
      stopSending = await profileAll(system);
      await system.begin(...given);
    },
  };
  const round = await measure(profiled, provider, batch, members);
  await stopSending?.("sent to", members);
  return round;
}

async function profileAll(system: JobSystem): Promise<Stop> {
  const running: { readonly name: string; readonly stop: () => Promise<string> }[] = [];
  for (const { name, pid } of system.processTrees())
    if (name.startsWith("services/")) running.push({ name, stop: await startProfile(pid) });
  return async (what, each) => {
    for (const { name, stop } of running)
      printProfile(`${what}: ${name}`, JSON.parse(await stop()) as CpuProfile, each);
  };
}
