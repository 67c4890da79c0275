// The flags of a command, or how it is used: for --help, and instead of a stack trace for what is no flag of it.
import { type ParseArgsConfig, parseArgs } from "node:util";

export function parseOrExplain<T extends ParseArgsConfig>(
  usage: string,
  config: T,
): ReturnType<typeof parseArgs<T>> {
  if (process.argv.slice(2).includes("--help")) {
    console.log(usage);
    process.exit(0);
  }
  try {
    return parseArgs<T>(config);
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`);
    process.exit(2);
  }
}
