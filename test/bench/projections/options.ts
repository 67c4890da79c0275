// Command line options of the projections benchmark.
import { parseArgs } from "node:util";

export const PARTS = ["rebuild", "lag", "pages", "memory", "writes"] as const;
export type Part = (typeof PARTS)[number];

export interface Options {
  readonly part: Part;
  readonly n: number;
  readonly rounds: number;
  /** Events a second of live traffic. */
  readonly rate: number;
  readonly seconds: number;
  /** How often each question is asked. */
  readonly times: number;
  /** A folder for CPU profiles of the projections' process. */
  readonly profile: string | undefined;
}

export const USAGE = `options of projections:
  --only PART,…   some of ${PARTS.join(", ")}; all of them unless told
  --n N           leads: in the log that is rebuilt from (50000; memory 100000; writes 4000), or in the tables of pages (1000000)
  --rounds N      rebuilds of each kind (3)
  --rate N        events a second of live traffic (2000)
  --seconds N     how long the lag is measured (15)
  --times N       how often each question of the pages is asked (200)
  --profile DIR   writes a CPU profile of the projections' process there (rebuild)`;

const LEADS: Readonly<Record<Part, number>> = {
  rebuild: 50_000,
  lag: 0,
  pages: 1_000_000,
  memory: 100_000,
  writes: 4_000,
};

export class WrongOptions extends Error {
  override name = "WrongOptions";
}

/** Of each part that is to be measured. */
export function readOptions(args: readonly string[]): readonly Options[] {
  const { only, n, rounds, rate, seconds, times, profile } = parsed(args);
  return partsIn(only).map((part) => ({
    part,
    n: numberOf("n", n) ?? LEADS[part],
    rounds: numberOf("rounds", rounds) ?? 3,
    rate: numberOf("rate", rate) ?? 2_000,
    seconds: numberOf("seconds", seconds) ?? 15,
    times: numberOf("times", times) ?? 200,
    profile,
  }));
}

function parsed(args: readonly string[]) {
  const text = { type: "string" } as const;
  try {
    const numbers = { n: text, rounds: text, rate: text, seconds: text, times: text };
    const options = { only: text, profile: text, ...numbers };
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new WrongOptions(error instanceof Error ? error.message : String(error));
  }
}

function partsIn(text: string | undefined): readonly Part[] {
  if (text === undefined) return PARTS;
  return text.split(",").map((name) => {
    const found = PARTS.find((one) => one === name);
    if (found === undefined)
      throw new WrongOptions(`--only ${name} is not known; choose from ${PARTS.join(", ")}`);
    return found;
  });
}

function numberOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1)
    throw new WrongOptions(`--${name} ${text} is not a whole number above 0`);
  return number;
}
