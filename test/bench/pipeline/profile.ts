// CPU profiles of the yard's Node processes under load.
import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { type Bench, startSystem } from "./bench.ts";
import type { Options } from "./options.ts";
import { startProfile } from "./profile/inspector.ts";
import { type CpuProfile, selfTimes, type Times } from "./profile/self-times.ts";
import { byProcess, costOf, fixed, summary, table } from "./report.ts";
import { isExact, measure, WARM_UP } from "./round.ts";

const FUNCTIONS = 40;
const FILES = 30;
const MAX_WIDTH = 90;
const IDLE_SHARE = 0.01;
const REPOSITORY = resolve(import.meta.dirname, "../../..");
const REPORTS = join(REPOSITORY, "reports/profile");

/** False if something was lost or doubled. */
export async function profile(bench: Bench, options: Options): Promise<boolean> {
  const { submissions, connections } = options;
  const yard = await startSystem("yard", bench, options);
  try {
    await measure(yard, bench, { from: 0, many: WARM_UP, connections });
    const profiles = [];
    for (const { name, pid } of yard.processTrees())
      if (name.startsWith("services/")) profiles.push({ name, pid, stop: await startProfile(pid) });
    const round = await measure(yard, bench, { from: WARM_UP, many: submissions, connections });
    mkdirSync(REPORTS, { recursive: true });
    for (const { name, pid, stop } of profiles) {
      const json = await stop();
      const file = join(REPORTS, `${name.replaceAll(/[^a-z0-9]+/gi, "-")}-${pid}.cpuprofile`);
      writeFileSync(file, json);
      printProfile(`${name}, process ${pid}`, JSON.parse(json) as CpuProfile, submissions);
      console.log(`for a browser's developer tools: ${relative(REPOSITORY, file)}`);
    }
    console.log(
      `\nThe round, slowed down by the profilers: ${summary(round)}\n${byProcess([costOf(round)])}`,
    );
    return isExact(round.check);
  } finally {
    await yard.stop();
  }
}

/** `each`: among so many the time is divided. */
export function printProfile(name: string, cpuProfile: CpuProfile, each: number): void {
  const { busyMs, totalMs, functions, files, packages } = selfTimes(cpuProfile);
  if (busyMs < totalMs * IDLE_SHARE) {
    console.log(`\n## ${name}: idle\n`);
    return;
  }
  const rowsOf = (times: Times, most: number): string[][] =>
    [...times]
      .sort(([, a], [, b]) => b - a)
      .slice(0, most)
      .map(([what, ms]) => [
        what.slice(0, MAX_WIDTH),
        fixed(ms, 0),
        `${fixed((ms * 100) / busyMs)} %`,
        fixed((ms * 1_000) / each),
      ]);
  console.log(`\n## ${name}: busy ${fixed(busyMs / 1000)} of ${fixed(totalMs / 1000)} s\n`);
  for (const [heading, times, most] of [
    ["function (self time)", functions, FUNCTIONS],
    ["file (self time)", files, FILES],
    ["package or folder, with what Node and the engine did for it", packages, FILES],
  ] as const)
    console.log(`${table([[heading, "ms", "of busy", "µs each"], ...rowsOf(times, most)])}\n`);
}
