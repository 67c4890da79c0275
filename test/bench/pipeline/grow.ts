// Whether a submission costs the same however many there have been, and what the yard holds once all is quiet.
import { setTimeout as pause } from "node:timers/promises";
import { type Bench, startSystem } from "./bench.ts";
import { WARM_UP } from "./compare.ts";
import type { Options } from "./options.ts";
import { sumOf, usagesOf } from "./processes.ts";
import { byProcess, fixed, inALine, isWhole, rate, table } from "./report.ts";
import { measure } from "./round.ts";

const STEP = 50_000;
const IDLE_MS = 30_000;

export async function grow(bench: Bench, { submissions, connections, apart }: Options): Promise<boolean> {
  const system = await startSystem("yard", bench, { apart });
  try {
    await measure(system, bench, { from: 0, many: WARM_UP, connections });
    const end = WARM_UP + submissions;
    let areWhole = true;
    for (let from = WARM_UP; from < end; from += STEP) {
      const many = Math.min(STEP, end - from);
      const round = await measure(system, bench, { from, many, connections });
      console.log(`${(from + many - WARM_UP).toLocaleString("en")}: ${inALine(round)}`);
      console.log(`${byProcess([round])}\n`);
      areWhole &&= isWhole(round.counted);
    }
    await pause(IDLE_MS);
    const idle = usagesOf(system.families());
    const rows = [...idle, ["all", sumOf(idle.values())] as const];
    console.log(`resident memory after ${IDLE_MS / 1000} idle seconds`);
    console.log(
      table([
        ["", "RSS MB", "PSS MB", "CPU s since its start"],
        ...rows.map(([name, { rss, pss, user, system }]) => [
          `  ${name}`,
          rate(rss),
          rate(pss),
          fixed(user + system),
        ]),
      ]),
    );
    return areWhole;
  } finally {
    await system.stop();
  }
}
