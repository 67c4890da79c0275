// Where the yard's Node processes spend their time while submissions go through.
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Bench, startSystem } from "./bench.ts";
import { WARM_UP } from "./compare.ts";
import type { Options } from "./options.ts";
import { startProfiling } from "./profile/inspector.ts";
import { type CpuProfile, selfTimes } from "./profile/self-times.ts";
import { byProcess, fixed, inALine, isWhole, table } from "./report.ts";
import { measure } from "./round.ts";

const FUNCTIONS = 40;
const FILES = 30;
const MOST_WIDE = 90;
const REPORTS = resolve(import.meta.dirname, "../../../reports/profile");

export async function profile(bench: Bench, { submissions, connections, apart }: Options): Promise<boolean> {
  const system = await startSystem("yard", bench, { apart });
  try {
    await measure(system, bench, { from: 0, many: WARM_UP, connections });
    const families = system.families().filter(({ name }) => /^services\//.test(name));
    const profilings = [];
    for (const { name, pid } of families) profilings.push({ name, end: await startProfiling(pid) });
    const round = await measure(system, bench, { from: WARM_UP, many: submissions, connections });
    mkdirSync(REPORTS, { recursive: true });
    for (const { name, end } of profilings) {
      const text = await end();
      const file = join(REPORTS, `${name.replaceAll(/[^a-z0-9]+/gi, "-")}.cpuprofile`);
      writeFileSync(file, text);
      print(name, JSON.parse(text) as CpuProfile, submissions);
      console.log(`\nThe whole profile, for a browser's developer tools: ${file}`);
    }
    console.log(`\nWhile it was profiled, which costs: ${inALine(round)}\n\n${byProcess([round])}`);
    return isWhole(round.counted);
  } finally {
    await system.stop();
  }
}

function print(name: string, profile: CpuProfile, submissions: number): void {
  const { busyMs, wholeMs, functions, files, packages } = selfTimes(profile);
  const share = (ms: number): string => `${fixed((ms * 100) / busyMs)} %`;
  const perSubmission = (ms: number): string => fixed((ms * 1_000) / submissions);
  const rowsOf = (times: ReadonlyMap<string, number>, most: number): string[][] =>
    [...times]
      .sort(([, a], [, b]) => b - a)
      .slice(0, most)
      .map(([what, ms]) => [what.slice(0, MOST_WIDE), fixed(ms, 0), share(ms), perSubmission(ms)]);
  console.log(`\n## ${name}: busy ${fixed(busyMs / 1000)} s of ${fixed(wholeMs / 1000)} s\n`);
  for (const [heading, times, most] of [
    ["function, by its own time", functions, FUNCTIONS],
    ["file", files, FILES],
    ["package or folder, with what Node did for it", packages, FILES],
  ] as const) {
    const head = [heading, "ms", "of busy", "µs each"];
    console.log(`${table([head, ...rowsOf(times, most)])}\n`);
  }
}
