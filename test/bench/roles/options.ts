// Command line options of the benchmark of roles.
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

export interface RolesOptions {
  /** In each pass. */
  readonly submissions: number;
  readonly passes: readonly Pass[];
  readonly out: string;
  readonly note: string;
}

/** Each role is measured once in it. */
export interface Pass {
  readonly processes: number;
  /** The one process of the role on a core of its own, all else on the others. */
  readonly pinned: boolean;
}

/** The first also warms up PostgreSQL and the event store. */
const PASSES: readonly Pass[] = [
  { processes: 1, pinned: false },
  { processes: 1, pinned: true },
  { processes: 2, pinned: false },
  { processes: 4, pinned: false },
];

export const USAGE = `options of roles:
  --n N          submissions in each of the four passes (40000)
  --pinned       only one process of each role, on a core of its own
  --out DIR      where capacity.md has its section, and capacity/roles.json goes (docs)
  --note TEXT    stands above the results, such as "a busy machine"`;

/** A text says what is wrong with them. */
export function readOptions(args: readonly string[]): RolesOptions | string {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { n: text, pinned: flag, out: text, note: text, help: flag },
    });
    if (values.help) return "";
    const submissions = Number(values.n ?? 40_000);
    if (!Number.isInteger(submissions) || submissions < 100)
      return `--n ${values.n} is not a whole number from 100 on`;
    return {
      submissions,
      passes: values.pinned ? PASSES.filter(({ pinned }) => pinned) : PASSES,
      out: resolve(values.out ?? join(import.meta.dirname, "../../../docs")),
      note: values.note ?? "",
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
