// CPU profiles of Node processes that record themselves from their start to their end, and of which the time of interest is cut out. An
// inspector that is opened in a running process crashes it now and then (Node 24).
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CpuProfile } from "./self-times.ts";

const SAMPLE_US = 500;

/** In microseconds, by the clock that profiles use too. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface Recording {
  /** For the processes that are to record themselves, and for what they start. */
  readonly env: Readonly<Record<string, string>>;
  /** Of the main thread, once the process has ended; undefined where it left none, as one that was killed. */
  profileOf(pid: number, span: Span): CpuProfile | undefined;
  remove(): void;
}

export const nowUs = (): number => Number(process.hrtime.bigint() / 1_000n);

export function startRecording(): Recording {
  const dir = mkdtempSync(join(tmpdir(), "profiles-"));
  return {
    env: { NODE_OPTIONS: `--cpu-prof --cpu-prof-interval=${SAMPLE_US} --cpu-prof-dir=${dir}` },
    profileOf(pid, span) {
      // CPU.<date>.<time>.<pid>.<thread>.<number>.cpuprofile
      const file = readdirSync(dir).find((name) => name.includes(`.${pid}.0.`));
      if (file === undefined) return undefined;
      return cutOut(JSON.parse(readFileSync(join(dir, file), "utf8")) as CpuProfile, span);
    },
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

export function cutOut(profile: CpuProfile, { from, to }: Span): CpuProfile {
  const samples: number[] = [];
  const timeDeltas: number[] = [];
  let at = profile.startTime;
  let last = from;
  for (const [n, sample] of profile.samples.entries()) {
    at += profile.timeDeltas[n] ?? 0;
    if (at < from || at > to) continue;
    samples.push(sample);
    timeDeltas.push(at - last);
    last = at;
  }
  return { ...profile, startTime: from, endTime: to, samples, timeDeltas };
}
