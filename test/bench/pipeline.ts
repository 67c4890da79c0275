// The whole path of a submission, from the signed HTTP request to the delivery: the yard beside what a user would build instead.
import { startBench } from "./pipeline/bench.ts";
import { burst } from "./pipeline/burst.ts";
import { compare } from "./pipeline/compare.ts";
import { history } from "./pipeline/history.ts";
import { type Options, readOptions, USAGE, WrongOptions } from "./pipeline/options.ts";
import { profile } from "./pipeline/profile.ts";

const MODES = { compare, burst, history, profile } as const;

export async function run(args: readonly string[]): Promise<void> {
  const options = optionsOrExit(args);
  const bench = await startBench();
  const isGood = await MODES[options.mode](bench, options).finally(() => bench.stop());
  if (!isGood) process.exitCode = 1;
}

function optionsOrExit(args: readonly string[]): Options {
  try {
    return readOptions(args);
  } catch (error) {
    if (!(error instanceof WrongOptions)) throw error;
    console.error(`${error.message}\n${USAGE}`);
    process.exit(2);
  }
}
