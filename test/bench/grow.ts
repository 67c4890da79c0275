// What the yard costs while its log grows to millions of submissions: docs/growth.md. Ctrl-C, or a full disk, keeps what was measured.
import { bytesNeeded, freeBytes, shownBytes } from "./grow/disk.ts";
import { grow } from "./grow/grow.ts";
import { interrupted } from "./grow/interrupt.ts";
import { readOptions, USAGE } from "./grow/options.ts";

/** Takes hours, so it runs by its name alone. */
export const runsByNameOnly = true;

export async function run(args: readonly string[]): Promise<void> {
  const options = readOptions(args);
  if (typeof options === "string") {
    console.error(`${options}\n${USAGE}`);
    process.exitCode = options === "" ? 0 : 2;
    return;
  }
  const [needed, free] = [bytesNeeded(options.submissions), freeBytes(options.dataDir)];
  const where = `${options.dataDir ?? "the folder of temporary files"}, ${shownBytes(free)} free`;
  console.log(
    `needs about ${shownBytes(needed)} of the disk (${where}); options: npm run bench -- grow --help`,
  );
  if (needed > free) {
    console.error("That does not fit: give a smaller --n, or --data with a folder on a larger disk.");
    process.exitCode = 2;
    return;
  }
  if (!(await grow(options, interrupted()))) process.exitCode = 1;
}
