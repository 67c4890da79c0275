// Command line options of the pipeline benchmark.
import { parseArgs } from "node:util";
import { SYSTEMS, type SystemName } from "./system.ts";

type Mode = "compare" | "burst" | "history" | "profile";

export interface Options {
  readonly mode: Mode;
  readonly submissions: number;
  readonly rounds: number;
  readonly connections: number;
  /** Of the comparison system's worker. */
  readonly concurrency: number;
  readonly systems: readonly SystemName[];
  readonly apart: boolean;
}

export const USAGE = `options of pipeline:
  --n N            submissions per round (20000)
  --rounds N       rounds (3)
  --connections N  keep-alive connections of the load generator (100)
  --concurrency N  jobs that the worker of the comparison system processes at once (128)
  --only NAME,…    some of ${SYSTEMS.join(", ")}
  --apart          the yard with every role in a process of its own
  --burst          bursts of 100 to 5,000 submissions, each over a connection of its own
  --history        starts after a history of 5 million events (--n)
  --profile        CPU profiles of the yard's processes`;

const SIZES = { compare: 20_000, burst: 20_000, profile: 20_000, history: 5_000_000 };

export class WrongOptions extends Error {
  override name = "WrongOptions";
}

export function readOptions(args: readonly string[]): Options {
  const given = parsed(args);
  const modes = (["burst", "history", "profile"] as const).filter((mode) => given[mode]);
  const [mode = "compare"] = modes;
  if (modes.length > 1) throw new WrongOptions(`--${modes.join(" and --")} can't be combined`);
  // By default, only a plain comparison includes the other systems.
  const systems = given.only ?? (mode === "compare" && !given.apart ? SYSTEMS : (["yard"] as const));
  if (given.only !== undefined && mode !== "compare" && mode !== "burst")
    throw new WrongOptions(`--${mode} measures the yard, so it can't be combined with --only`);
  return {
    mode,
    submissions: numberOf("n", given.n) ?? SIZES[mode],
    rounds: numberOf("rounds", given.rounds) ?? (mode === "profile" ? 1 : 3),
    connections: numberOf("connections", given.connections) ?? 100,
    concurrency: numberOf("concurrency", given.concurrency) ?? 128,
    systems,
    apart: given.apart,
  };
}

function parsed(args: readonly string[]) {
  const number = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        ...{
          n: number,
          rounds: number,
          connections: number,
          concurrency: number,
          only: { type: "string" } as const,
        },
        ...{ burst: flag, history: flag, apart: flag, profile: flag },
      },
    });
    return { ...values, only: systemsIn(values.only) };
  } catch (error) {
    throw new WrongOptions(error instanceof Error ? error.message : String(error));
  }
}

function systemsIn(text: string | undefined): readonly SystemName[] | undefined {
  return text?.split(",").map((name) => {
    const found = SYSTEMS.find((one) => one === name);
    if (found === undefined)
      throw new WrongOptions(`--only ${name} is not known; choose from ${SYSTEMS.join(", ")}`);
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
