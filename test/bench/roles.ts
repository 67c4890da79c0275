// What one core of each role carries, what binds first, and what more processes of a role bring on one machine: docs/capacity.md.
import { measureRoles } from "./roles/measure.ts";
import { readOptions, USAGE } from "./roles/options.ts";
import { report } from "./roles/report.ts";

/** Takes long, and writes a document. */
export const runsByNameOnly = true;

export async function run(args: readonly string[]): Promise<void> {
  const options = readOptions(args);
  if (typeof options === "string") {
    console.error(`${options}\n${USAGE}`);
    process.exitCode = options === "" ? 0 : 2;
    return;
  }
  // An exit, unlike a signal, ends the processes that were started.
  process.once("SIGINT", () => process.exit(130));
  report(await measureRoles(options), options.out);
  console.log(`results are in ${options.out}/capacity.md and capacity/roles.json`);
}
