// Campaigns in simulated time, a seed each: --seeds N --from N, or --seed N for one of them, told event by event. --plant no_fencing makes the
// log wrong on purpose.
import { parseArgs } from "node:util";
import { simulateTime } from "../simulation/clock.ts";
import type { Planted } from "../simulation/event-store.ts";

const { values: flags } = parseArgs({
  options: {
    seeds: { type: "string", default: "100" },
    from: { type: "string", default: "1" },
    seed: { type: "string" },
    plant: { type: "string" },
  },
});
const planted = flags.plant as Planted | undefined;
simulateTime();
const { simulateCampaign } = await import("./simulate.ts");
const first = Number(flags.seed ?? flags.from);
const count = flags.seed === undefined ? Number(flags.seeds) : 1;
const tell = flags.seed === undefined ? undefined : (line: string) => console.log(line);
let [failed, events, snapshotsRead] = [0, 0, 0];
for (let seed = first; seed < first + count; seed += 1) {
  const report = await simulateCampaign(seed, { tell, planted });
  events += report.events;
  snapshotsRead += report.snapshotsRead;
  if (report.violations.length === 0) continue;
  failed += 1;
  console.log(`FAIL seed ${seed}: ${report.violations.slice(0, 3).join("; ")}`);
}
console.log(`${count} seeds, ${failed} failed, ${events} events, ${snapshotsRead} snapshots read`);
process.exit(failed === 0 ? 0 : 1);
