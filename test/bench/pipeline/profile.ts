// CPU profiles of the yard's Node processes under load.
import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import type { Bench } from "./bench.ts";
import type { Options } from "./options.ts";
import { nowUs, type Recording, startRecording } from "./profile/recording.ts";
import { type CpuProfile, selfTimes, type Times } from "./profile/self-times.ts";
import { byProcess, costOf, fixed, summary, table } from "./report.ts";
import { isExact, measure, type Round, WARM_UP } from "./round.ts";
import { startYard } from "./yard.ts";

const FUNCTIONS = 40;
const FILES = 30;
const MAX_WIDTH = 90;
const IDLE_SHARE = 0.01;
const REPOSITORY = resolve(import.meta.dirname, "../../..");
const REPORTS = join(REPOSITORY, "reports/profile");

interface Recorded {
  readonly round: Round;
  /** Writes and prints where the time went. */
  print(): void;
}

/** False if something was lost or doubled. */
export async function profile(bench: Bench, options: Options): Promise<boolean> {
  const recording = startRecording();
  try {
    const { round, print } = await record(recording, bench, options);
    print();
    console.log(
      `\nThe round, slowed down by the profilers: ${summary(round)}\n${byProcess([costOf(round)])}`,
    );
    return isExact(round.check);
  } finally {
    recording.remove();
  }
}

async function record(recording: Recording, bench: Bench, options: Options): Promise<Recorded> {
  const { submissions, connections, apart } = options;
  const { secret, partnersUrl, partners } = bench;
  await partners.call("reset");
  const yard = await startYard({ secret, partnersUrl, apart, env: recording.env });
  try {
    await measure(yard, bench, { from: 0, many: WARM_UP, connections });
    const services = yard.processTrees().filter(({ name }) => name.startsWith("services/"));
    const from = nowUs();
    const round = await measure(yard, bench, { from: WARM_UP, many: submissions, connections });
    const to = nowUs();
    const print = (): void => {
      mkdirSync(REPORTS, { recursive: true });
      for (const { name, pid } of services) {
        const found = recording.profileOf(pid, { from, to });
        if (found === undefined) continue;
        const file = join(REPORTS, `${name.replaceAll(/[^a-z0-9]+/gi, "-")}-${pid}.cpuprofile`);
        writeFileSync(file, JSON.stringify(found));
        printProfile(`${name}, process ${pid}`, found, submissions);
        console.log(`for a browser's developer tools: ${relative(REPOSITORY, file)}`);
      }
    };
    return { round, print };
  } finally {
    // They write their profiles when they end.
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
