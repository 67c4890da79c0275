// npm run chaos [-- --seed N --rounds N --without kind,… --only 1,3 --fresh]: blows on a real yard, the promises looked at after each
// round. A round that breaks one is told with its seed and timeline, and played again with fewer blows.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { keepEvidenceToOurselves, saidLately } from "../harness/evidence.ts";
import { type Blow, type BlowKind, described, planRound } from "./plan.ts";
import { playRound, type RoundReport, replayViolations } from "./round.ts";
import { shrink } from "./shrink.ts";
import { type ChaosYard, PARTNER_NAMES, startChaosYard } from "./yard.ts";

const { values: flags } = parseArgs({
  options: {
    seed: { type: "string", default: `${Date.now() % 1_000_000}` },
    rounds: { type: "string", default: "10" },
    without: { type: "string", default: "" },
    only: { type: "string" },
    fresh: { type: "boolean", default: false },
    "no-shrink": { type: "boolean", default: false },
  },
});
keepEvidenceToOurselves();
const REPORTS = join(import.meta.dirname, "../../reports/chaos");
const seed = Number(flags.seed);
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

let failed = 0;
let yard = await startChaosYard();
for (let round = 0; round < rounds; round += 1) {
  const ofSeed = seed + round;
  const blows = blowsOf(yard, ofSeed);
  const start = performance.now();
  const report = await playRound(yard, blows, ofSeed);
  const isLast = round === rounds - 1 || flags.fresh || (round + 1) % ROUNDS_PER_YARD === 0;
  const violations = [...report.violations];
  if (isLast)
    violations.push(
      ...(await replayViolations(yard).catch((error: Error) => [`replaying: ${error.message}`])),
    );
  const seconds = ((performance.now() - start) / 1_000).toFixed(0);
  const kinds = blows.map(({ action: { kind } }) => kind).join(", ");
  const { taken, ended, members, progressMs } = report;
  const outcome = violations.length === 0 ? "ok  " : "FAIL";
  console.log(
    `${outcome} seed ${ofSeed} (${seconds} s): ${kinds}; ${taken} taken ${JSON.stringify(ended)}, campaign ${members.done} done ${members.failed} failed, progress after ${progressMs} ms`,
  );
  const isBroken = violations.length > 0;
  if (isBroken) {
    failed += 1;
    show(ofSeed, blows, { ...report, violations });
  }
  if ((isBroken || isLast) && round < rounds - 1) {
    await yard.stop();
    if (isBroken && !flags["no-shrink"]) await shrunk(ofSeed, blows);
    yard = await startChaosYard();
  } else if (isBroken && !flags["no-shrink"]) await shrunk(ofSeed, blows);
}
await yard.stop();
console.log(`\n${rounds} rounds from seed ${seed}, ${failed} broke a promise`);
process.exit(failed === 0 ? 0 : 1);
