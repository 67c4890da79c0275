// npm run chaos [-- --seed N --rounds N --without kind,… --only 1,3 --fresh]: blows on a real yard, the promises looked at after each
// round. A round that breaks one is told with its seed and timeline, and played again with fewer blows. --record keeps a line of each
// round in docs/chaos/rounds.jsonl, --next goes on after the last of them, --minutes N plays no round after that time, --summary says what
// was played.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";
import { keepEvidenceToOurselves, saidLately } from "../harness/evidence.ts";
import { parseOrExplain } from "../harness/usage.ts";
import { type Blow, type BlowKind, described, planRound } from "./plan.ts";
import { nextSeed, recordedRounds, recordRound, summaryOf, usualSeconds } from "./record.ts";
import { replayViolations } from "./replay.ts";
import { playRound, type RoundReport } from "./round.ts";
import { shrink } from "./shrink.ts";
import { type ChaosYard, PARTNER_NAMES, startChaosYard } from "./yard.ts";

const USAGE = `usage: npm run chaos -- [options]
  --seed N          of the first round; another each time without it
  --rounds N        how many (10)
  --minutes N       begins no round after that time
  --next            goes on after the last recorded round, and records each
  --record          keeps a line of each round in docs/chaos/rounds.jsonl
  --summary         says what was played, and plays nothing
  --without KIND,…  leaves out kinds of blows
  --only 1,3        plays only these blows of the seed
  --fresh           a new yard for each round
  --no-shrink       plays no broken round again with fewer blows`;
const { values: flags } = parseOrExplain(USAGE, {
  options: {
    seed: { type: "string" },
    next: { type: "boolean", default: false },
    rounds: { type: "string", default: "10" },
    minutes: { type: "string", default: "Infinity" },
    record: { type: "boolean", default: false },
    summary: { type: "boolean", default: false },
    without: { type: "string", default: "" },
    only: { type: "string" },
    fresh: { type: "boolean", default: false },
    "no-shrink": { type: "boolean", default: false },
  },
});
if (flags.summary) {
  for (const line of summaryOf(recordedRounds())) console.log(line);
  process.exit(0);
}
keepEvidenceToOurselves();
const REPORTS = join(import.meta.dirname, "../../reports/chaos");
const seed = Number(flags.seed ?? (flags.next ? nextSeed(recordedRounds()) : Date.now() % 1_000_000));
const isRecorded = flags.record || flags.next;
const commit = isRecorded
  ? execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim()
  : "";
const rounds = Number(flags.rounds);
const without = new Set(flags.without.split(",").filter(Boolean) as BlowKind[]);
const only = flags.only?.split(",").map(Number);
/** A yard that has seen many rounds is slow to look at. */
const ROUNDS_PER_YARD = 10;

function blowsOf(yard: ChaosYard, ofSeed: number): Blow[] {
  const blows = planRound({ seed: ofSeed, processes: yard.processes, partners: PARTNER_NAMES, without });
  return only === undefined ? blows : blows.filter((_, n) => only.includes(n + 1));
}

async function inFreshYard<T>(work: (yard: ChaosYard) => Promise<T>): Promise<T> {
  const yard = await startChaosYard();
  try {
    return await work(yard);
  } finally {
    await yard.stop();
  }
}

function show(ofSeed: number, blows: readonly Blow[], report: RoundReport): void {
  console.log(`\nseed ${ofSeed} broke a promise:`);
  for (const one of report.violations.slice(0, 20)) console.log(`  ${one}`);
  console.log("blows:");
  blows.forEach((blow, n) => {
    console.log(`  ${n + 1}. ${described(blow)}`);
  });
  console.log("timeline:");
  for (const line of report.timeline) console.log(`  ${line}`);
  mkdirSync(REPORTS, { recursive: true });
  const path = join(REPORTS, `seed-${ofSeed}.log`);
  writeFileSync(path, saidLately());
  console.log(`what the processes said lately: ${path}`);
}

async function shrunk(ofSeed: number, blows: readonly Blow[]): Promise<void> {
  console.log("playing it again with fewer blows, each time in a new yard …");
  const fewest = await shrink(blows, async (fewer) => {
    const { violations } = await inFreshYard((yard) => playRound(yard, fewer, ofSeed));
    console.log(
      `  ${fewer.length} of ${blows.length} blows: ${violations.length === 0 ? "holds" : violations[0]}`,
    );
    return violations.length > 0;
  });
  if (fewest === undefined) return console.log("it did not happen again");
  console.log("the fewest blows that do it:");
  for (const blow of fewest) console.log(`  ${described(blow)}`);
  const numbers = fewest.map((blow) => blows.indexOf(blow) + 1).join(",");
  console.log(`again: npm run chaos -- --seed ${ofSeed} --rounds 1 --only ${numbers}`);
}

async function startTimed(): Promise<ChaosYard> {
  const begin = performance.now();
  console.log("a yard starts: NATS, the event store, PostgreSQL, and two processes of each role …");
  const started = await startChaosYard();
  console.log(`a yard started in ${secondsSince(begin)} s`);
  return started;
}

const secondsSince = (begin: number): number => Math.round((performance.now() - begin) / 100) / 10;

let now = "no round has begun";
process.once("SIGINT", () => {
  console.log(
    `\ninterrupted: ${now}; ${played} begun, ${failed} broke a promise. What was started is ended.`,
  );
  process.exit(130);
});
const usual = usualSeconds(recordedRounds());
const end = performance.now() + Number(flags.minutes) * 60_000;
let failed = 0;
let played = 0;
let yard = await startTimed();
while (played < rounds && performance.now() < end) {
  const ofSeed = seed + played;
  played += 1;
  const blows = blowsOf(yard, ofSeed);
  now = `in round ${played} of ${rounds}, seed ${ofSeed} (again: npm run chaos -- --seed ${ofSeed} --rounds 1)`;
  console.log(
    `\nround ${played} of ${rounds}, seed ${ofSeed}: ${blows.length} blows${usual === undefined ? "" : `; a round takes some ${usual} s`}`,
  );
  const start = performance.now();
  const report = await playRound(yard, blows, ofSeed, (line) =>
    console.log(`${secondsSince(start).toFixed(1).padStart(7)} s  ${line}`),
  );
  const phases = { ...report.phases };
  const isOver = played === rounds || performance.now() > end;
  const isLast = isOver || flags.fresh || played % ROUNDS_PER_YARD === 0;
  const violations = [...report.violations];
  if (isLast) {
    const began = performance.now();
    violations.push(
      ...(await replayViolations(yard).catch((error: Error) => [`replaying: ${error.message}`])),
    );
    phases.rebuild = secondsSince(began);
  }
  const seconds = secondsSince(start);
  const kinds = blows.map(({ action: { kind } }) => kind);
  const { taken, ended, members, progressMs } = report;
  const isBroken = violations.length > 0;
  console.log(
    `${isBroken ? "FAIL" : "ok  "} seed ${ofSeed} (${seconds} s): ${kinds.join(", ")}; ${taken} taken ${JSON.stringify(ended)}, campaign ${members.done} done ${members.failed} failed, progress after ${progressMs} ms; ${JSON.stringify(phases)}`,
  );
  if (isRecorded)
    recordRound({
      ...{ seed: ofSeed, at: `${new Date().toISOString().slice(0, 19)}Z`, commit },
      ...{ result: isBroken ? "FAIL" : "ok", blows: kinds, seconds, phases },
      ...{ progress_ms: Number.isNaN(progressMs) ? null : progressMs, taken, ended },
      ...{ load: Math.round((loadavg()[0] ?? 0) * 10) / 10, cores: availableParallelism(), violations },
    });
  if (isBroken) {
    failed += 1;
    show(ofSeed, blows, { ...report, violations });
  }
  if (isBroken || isLast) {
    await yard.stop();
    if (isBroken && !flags["no-shrink"]) await shrunk(ofSeed, blows);
    if (!isOver) yard = await startTimed();
  }
}
console.log(`\n${played} rounds from seed ${seed}, ${failed} broke a promise`);
process.exit(failed === 0 ? 0 : 1);
