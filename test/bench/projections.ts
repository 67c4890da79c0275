// How fast read models are rebuilt, how far they are behind live traffic, and how long pages of large ones take.
import { parseArgs } from "node:util";
import { startTestYard } from "../leads/yard.ts";
import { measureLag } from "./projections/lag.ts";
import { measurePages, measureTimelines } from "./projections/pages.ts";
import { runningProjections } from "./projections/process.ts";
import { measureRebuilds } from "./projections/rebuilds.ts";

export async function run(options: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...options],
    options: {
      /** In the tables whose pages are measured. */
      leads: { type: "string", default: "1000000" },
      /** In the log that is rebuilt from. */
      log: { type: "string", default: "50000" },
      rounds: { type: "string", default: "3" },
      "skip-pages": { type: "boolean", default: false },
    },
  });
  const yard = await startTestYard({}, { durable: true });
  try {
    const projections = await runningProjections(yard);
    await measureRebuilds(yard, projections, { leads: Number(values.log), rounds: Number(values.rounds) });
    await measureLag(yard, projections, { eventsPerSecond: 2_000, seconds: 15 });
    await measureTimelines(yard);
    await projections.stop();
    if (!values["skip-pages"]) await measurePages(yard, Number(values.leads));
  } finally {
    await yard.stop();
  }
}
