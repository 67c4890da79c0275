// Whether the memory of the projections grows with what they have read: resident megabytes along a rebuild, and while they follow.
import { EVENTS_OF_A_LEAD } from "../../projections/past-leads.ts";
import { residentMb } from "../eventstore/measure.ts";
import { table, whole } from "../pipeline/report.ts";
import { liveTraffic } from "./lag.ts";
import type { PreparedYard } from "./prepared-yard.ts";
import { runningProjections } from "./process.ts";
import { rebuilt } from "./rebuilds.ts";

const PIECES = 8;
const FOLLOW_S = 20;

export async function measureMemory(
  prepared: PreparedYard,
  { eventsPerSecond }: { readonly eventsPerSecond: number },
): Promise<void> {
  const projections = await runningProjections(prepared);
  await projections.upToDate();
  const names = (await projections.progress()).map(({ name }) => name);
  const rows = [["", "max RSS MB"]];
  rows.push(["first start", whole(projections.memory())]);
  const piece = prepared.events / PIECES;
  const largest = new Array<number>(PIECES).fill(0);
  await rebuilt(prepared, projections, names, async () => {
    const positions = (await projections.progress()).flatMap(({ rebuilding }) =>
      rebuilding ? [Number(rebuilding.position)] : [],
    );
    if (positions.length < names.length) return;
    const at = Math.min(PIECES - 1, Math.floor(Math.min(...positions) / piece));
    largest[at] = Math.max(largest[at] ?? 0, projections.memory());
  });
  for (const [n, memory] of largest.entries())
    rows.push([
      `rebuild of all, events ${whole(n * piece)} to ${whole((n + 1) * piece)}`,
      whole(memory || Number.NaN),
    ]);
  for (let second = 0; second < FOLLOW_S; second += FOLLOW_S / 2) {
    const { lives } = await liveTraffic(prepared, { eventsPerSecond, seconds: FOLLOW_S / 2 });
    await projections.upToDate();
    const what = `after ${whole(lives * EVENTS_OF_A_LEAD)} live events, ${eventsPerSecond} a second`;
    rows.push([what, whole(projections.memory())]);
  }
  rows.push(["max of all", whole(residentMb(projections.process.pid, "VmHWM"))]);
  console.log(table(rows));
  const [early, late] = [largest.slice(0, PIECES / 2), largest.slice(PIECES / 2)].map((half) =>
    Math.max(...half),
  );
  console.log(`second half of the rebuild beside the first: ${whole(late ?? 0)} and ${whole(early ?? 0)} MB`);
  await projections.stop();
}
