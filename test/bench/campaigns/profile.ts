// CPU profiles of the yard's Node processes: while members are created, twice, and while they are sent to.
import type { Child } from "../pipeline/child.ts";
import { nowUs, startRecording } from "../pipeline/profile/recording.ts";
import { printProfile } from "../pipeline/profile.ts";
import type { ProviderApi } from "./provider.ts";
import { measure, type Round } from "./round.ts";
import type { JobSystem } from "./system.ts";

/** The round is slower than one without profilers. */
export async function profile(
  start: (env: Readonly<Record<string, string>>) => Promise<JobSystem>,
  provider: Child<ProviderApi>,
  { members, warmUp }: { readonly members: number; readonly warmUp: number },
): Promise<Round> {
  const recording = startRecording();
  try {
    const system = await start(recording.env);
    const services = system.processTrees().filter(({ name }) => name.startsWith("services/"));
    let began = 0;
    let created = 0;
    let ended = 0;
    let round: Round;
    try {
      if (warmUp > 0) await measure(system, provider, "warm-up", warmUp);
      began = nowUs();
      const marked: JobSystem = {
        ...system,
        begin(...given) {
          created = nowUs();
          return system.begin(...given);
        },
      };
      round = await measure(marked, provider, "measured", members);
      ended = nowUs();
    } finally {
      // They write their profiles when they end.
      await system.stop();
    }
    for (const [what, span] of [
      ["created", { from: began, to: created }],
      ["sent to", { from: created, to: ended }],
    ] as const)
      for (const { name, pid } of services) {
        const found = recording.profileOf(pid, span);
        if (found !== undefined) printProfile(`${what}: ${name}`, found, members);
      }
    return round;
  } finally {
    recording.remove();
  }
}
