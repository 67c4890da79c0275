// Command line options of the growth benchmark.
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

export interface GrowOptions {
  readonly submissions: number;
  readonly steps: number;
  /** How long the yard rests before its idle memory is read. */
  readonly restMs: number;
  readonly connections: number;
  /** To each page, at each step. */
  readonly requests: number;
  /** Kept, and gone on with by the next run; undefined: a temporary one. */
  readonly dataDir: string | undefined;
  /** Gets growth.md, and the rest below growth/. */
  readonly out: string;
  /** About the machine, for who reads the results. */
  readonly note: string;
}

export const USAGE = `options of grow:
  --n N            submissions in all (5000000)
  --steps N        so often everything is measured, evenly spread (10)
  --rest SECONDS   of rest before idle memory is read (180: longer than NATS remembers ids of messages)
  --connections N  keep-alive connections of the load generator (100)
  --requests N     to each page (200)
  --data DIR       keeps the yard's data there; the next run with it goes on where this one ended
  --out DIR        where growth.md, growth/results.json and growth/*.svg go (docs)
  --note TEXT      stands above the results, such as "a busy machine"`;

/** A text says what is wrong with them. */
export function readOptions(args: readonly string[]): GrowOptions | string {
  const text = { type: "string" } as const;
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        ...{
          n: text,
          steps: text,
          rest: text,
          connections: text,
          requests: text,
          data: text,
          out: text,
          note: text,
        },
        help: { type: "boolean" },
      },
    });
    if (values.help) return "";
    const count = (name: "n" | "steps" | "rest" | "connections" | "requests", otherwise: number): number => {
      const given = Number(values[name] ?? otherwise);
      const min = name === "rest" ? 0 : 1;
      if (Number.isInteger(given) && given >= min) return given;
      throw new Error(`--${name} ${values[name]} is not a whole number from ${min} on`);
    };
    const [submissions, steps] = [count("n", 5_000_000), count("steps", 10)];
    if (steps > submissions) throw new Error(`--steps ${steps} is more than --n ${submissions}`);
    return {
      submissions,
      steps,
      restMs: count("rest", 180) * 1_000,
      connections: count("connections", 100),
      requests: count("requests", 200),
      dataDir: values.data === undefined ? undefined : resolve(values.data),
      out: resolve(values.out ?? join(import.meta.dirname, "../../../docs")),
      note: values.note ?? "",
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
