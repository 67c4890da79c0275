// What each round came to, a line of JSON for each: so many rounds are played over days, and the next run goes on where this one ended.
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface RecordedRound {
  readonly seed: number;
  /** In UTC, to the second. */
  readonly at: string;
  /** Of the code that was struck. */
  readonly commit: string;
  readonly result: "ok" | "FAIL";
  /** Kinds, in the order of the schedule. */
  readonly blows: readonly string[];
  /** Of the whole round, the rebuild after the last of a yard included, and of its parts. */
  readonly seconds: number;
  readonly phases: Readonly<Record<string, number>>;
  /** From the last healing until the first submission after it was delivered; null if it was not. */
  readonly progress_ms: number | null;
  readonly taken: number;
  readonly ended: Readonly<Record<string, number>>;
  /** Load average of the last minute, and how many cores this process may use. */
  readonly load: number;
  readonly cores: number;
  readonly violations: readonly string[];
}

export const RECORD = join(import.meta.dirname, "../../docs/chaos/rounds.jsonl");
/** So that one broken round does not fill the file. */
const MAX_VIOLATIONS = 5;

export function recordRound(round: RecordedRound, path = RECORD): void {
  const kept = { ...round, violations: round.violations.slice(0, MAX_VIOLATIONS) };
  appendFileSync(path, `${JSON.stringify(kept)}\n`);
}

export function recordedRounds(path = RECORD): RecordedRound[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as RecordedRound);
}

/** The seed after the highest that was played. */
export const nextSeed = (rounds: readonly RecordedRound[]): number =>
  Math.max(0, ...rounds.map(({ seed }) => seed)) + 1;

/** The rounds that were played, in a few lines. */
export function summaryOf(rounds: readonly RecordedRound[]): string[] {
  if (rounds.length === 0) return ["no round is recorded"];
  const seeds = new Set(rounds.map(({ seed }) => seed));
  const broken = rounds.filter(({ result }) => result === "FAIL");
  const struck = new Map<string, number>();
  for (const kind of rounds.flatMap(({ blows }) => blows)) struck.set(kind, (struck.get(kind) ?? 0) + 1);
  const taken = rounds.reduce((sum, one) => sum + one.taken, 0);
  return [
    `${rounds.length} rounds of ${seeds.size} seeds (${rangesOf(seeds)}), ${broken.length} broke a promise`,
    `blows: ${[...struck]
      .sort(([, a], [, b]) => b - a)
      .map(([kind, many]) => `${many} ${kind}`)
      .join(", ")}`,
    `${taken} submissions were taken`,
    `seconds a round: ${spread(rounds.map(({ seconds }) => seconds))}`,
    `progress after ms: ${spread(rounds.flatMap(({ progress_ms }) => progress_ms ?? []))}`,
    ...broken.map(({ seed, commit, violations }) => `FAIL seed ${seed} at ${commit}: ${violations[0]}`),
  ];
}

/** The median; undefined where nothing is recorded. */
export function usualSeconds(rounds: readonly RecordedRound[]): number | undefined {
  const sorted = rounds.map(({ seconds }) => seconds).sort((a, b) => a - b);
  const median = sorted[Math.floor((sorted.length - 1) / 2)];
  return median === undefined ? undefined : Math.round(median);
}

/** "1-3, 5". */
function rangesOf(seeds: ReadonlySet<number>): string {
  const ranges: { from: number; to: number }[] = [];
  for (const seed of [...seeds].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && last.to === seed - 1) last.to = seed;
    else ranges.push({ from: seed, to: seed });
  }
  return ranges.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)).join(", ");
}

function spread(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
  return `median ${at(0.5)}, p90 ${at(0.9)}, max ${at(1)}`;
}
