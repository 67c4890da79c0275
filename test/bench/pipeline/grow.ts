// Whether the cost of a submission grows with the number of earlier ones, and what the idle yard keeps in memory afterwards.
import { setTimeout as pause } from "node:timers/promises";
import { type Bench, startSystem } from "./bench.ts";
import type { Options } from "./options.ts";
import { sumOf, usagesOf } from "./processes.ts";
import { byProcess, summary, table, whole } from "./report.ts";
import { isExact, measure, WARM_UP } from "./round.ts";
import type { RunningSystem } from "./system.ts";

const STEP = 50_000;
/** Longer than NATS remembers the ids of messages. */
const IDLE_MS = 180_000;

/** False if something was lost or doubled. */
export async function grow(bench: Bench, options: Options): Promise<boolean> {
  const { submissions, connections } = options;
  const yard = await startSystem("yard", bench, options);
  try {
    await measure(yard, bench, { from: 0, many: WARM_UP, connections });
    const end = WARM_UP + submissions;
    let isGood = true;
    for (let from = WARM_UP; from < end; from += STEP) {
      const many = Math.min(STEP, end - from);
      const round = await measure(yard, bench, { from, many, connections });
      console.log(`${whole(from + many - WARM_UP)}: ${summary(round)}\n${byProcess([round])}\n`);
      isGood &&= isExact(round.check);
    }
    await pause(IDLE_MS);
    printMemory(yard);
    return isGood;
  } finally {
    await yard.stop();
  }
}

function printMemory(yard: RunningSystem): void {
  const usages = usagesOf(yard.processTrees());
  const rows = [...usages, ["all", sumOf(usages)] as const].map(([name, { rss, pss }]) => [
    `  ${name}`,
    whole(rss),
    whole(pss),
  ]);
  console.log(`resident memory after ${IDLE_MS / 1000} idle seconds`);
  console.log(table([["", "RSS MB", "PSS MB"], ...rows]));
}
