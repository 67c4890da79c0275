// How fast read models are rebuilt, how far they are behind live traffic, how long pages of large ones take, and what memory they need.
import { measureLag } from "./projections/lag.ts";
import { measureMemory } from "./projections/memory.ts";
import { type Options, type Part, readOptions, USAGE, WrongOptions } from "./projections/options.ts";
import { measurePages } from "./projections/pages.ts";
import { preparedYard } from "./projections/prepared-yard.ts";
import { measureRebuilds } from "./projections/rebuilds.ts";
import { measureWrites } from "./projections/writes.ts";

/** Each has a yard of its own, so that it measures the same alone as with the others. */
const PARTS: Readonly<Record<Part, (options: Options) => Promise<void>>> = {
  rebuild: ({ n, rounds, profile }) => preparedYard(n, (yard) => measureRebuilds(yard, { rounds, profile })),
  lag: ({ rate, seconds }) => preparedYard(0, (yard) => measureLag(yard, { eventsPerSecond: rate, seconds })),
  pages: ({ n, times }) => preparedYard(200, (yard) => measurePages(yard, { leads: n, times })),
  memory: ({ n, rate }) => preparedYard(n, (yard) => measureMemory(yard, { eventsPerSecond: rate })),
  writes: ({ n }) => measureWrites(n),
};

export async function run(args: readonly string[]): Promise<void> {
  let parts: readonly Options[];
  try {
    parts = readOptions(args);
  } catch (error) {
    if (!(error instanceof WrongOptions)) throw error;
    console.error(`${error.message}\n${USAGE}`);
    process.exitCode = 2;
    return;
  }
  for (const options of parts) {
    console.log(`## ${options.part}`);
    await PARTS[options.part](options);
  }
}
