// What can be asked of the pipeline's benchmark on the command line.
import { parseArgs } from "node:util";
import { SYSTEMS, type SystemName } from "./system.ts";

export type Mode = "compare" | "burst" | "grow" | "profile";

export interface Options {
  readonly mode: Mode;
  readonly submissions: number;
  readonly rounds: number;
  readonly connections: number;
  readonly systems: readonly SystemName[];
  readonly apart: boolean;
}

export const USAGE = `options of pipeline:
  --n N            submissions in a round (20000; with --grow all together, 1000000)
  --rounds N       rounds (3)
  --connections N  keep-alive connections of the producers (100)
  --only NAME,…    of ${SYSTEMS.join(", ")}
  --apart          the yard with every role as a process of its own
  --burst          100 to 5,000 submissions at the same moment, over as many connections
  --grow           the yard with many submissions, the cost of each 50,000
  --profile        where the yard's processes spend their time`;

export class WrongOptions extends Error {
  override name = "WrongOptions";
}

export function readOptions(args: readonly string[]): Options {
  const given = parsed(args);
  const modes = (["burst", "grow", "profile"] as const).filter((mode) => given[mode]);
  const [mode = "compare"] = modes;
  if (modes.length > 1) throw new WrongOptions(`--${modes.join(" and --")} can't be combined`);
  // Growth and profiles are about the yard; bursts and other layouts too, unless somebody wants to see the others.
  const systems = given.only ?? (mode === "compare" && !given.apart ? SYSTEMS : (["yard"] as const));
  if (given.only !== undefined && (mode === "grow" || mode === "profile"))
    throw new WrongOptions(`--${mode} is about the yard alone, so --only can't be combined with it`);
  return {
    mode,
    submissions: numberOf("n", given.n) ?? (mode === "grow" ? 1_000_000 : 20_000),
    rounds: numberOf("rounds", given.rounds) ?? (mode === "profile" ? 1 : 3),
    connections: numberOf("connections", given.connections) ?? 100,
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
        ...{ n: number, rounds: number, connections: number, only: { type: "string" } as const },
        ...{ burst: flag, grow: flag, apart: flag, profile: flag },
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
    if (found === undefined) throw new WrongOptions(`--only ${name}: there are ${SYSTEMS.join(", ")}`);
    return found;
  });
}

function numberOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1)
    throw new WrongOptions(`--${name} ${text} is no whole number above 0`);
  return number;
}
