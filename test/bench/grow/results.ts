// What was measured, as it is kept in growth/results.json.
import { type Machine, machineWith, rounded } from "../docs/machine.ts";
import type { Usage, Usages } from "../pipeline/processes.ts";
import type { Round } from "../pipeline/round.ts";
import { isExact } from "../pipeline/round.ts";
import type { Disk } from "./disk.ts";
import type { PageTimes } from "./pages.ts";

/** By process: `gateway`, `worker`, `PostgreSQL` … */
export type ByProcess = Readonly<Record<string, number>>;

/** Of some 50,000 submissions. */
export interface Chunk {
  /** In the yard, when it ended. */
  readonly submissions: number;
  readonly accepted: number;
  readonly cpu_s_per_1000: ByProcess;
  readonly accepted_per_second: number;
  readonly end_to_end_per_second: number;
  /** Null where they did not catch up within two minutes. */
  readonly read_models_lag_s: number | null;
}

/** All of it at one size of the log. */
export interface Step {
  readonly submissions: number;
  /** Megabytes (PSS), right after the last submission, and after the rest. */
  readonly memory_busy: ByProcess;
  readonly memory_idle: ByProcess;
  readonly disk: Disk;
  readonly pages: Readonly<Record<string, PageTimes>>;
  /** From the `kill -9` of the worker to the delivery of a submission that came then. */
  readonly takeover_s: number;
  /** From the launcher's start until every role was ready. */
  readonly start_s: number;
  /** Of the machine, when the step ended. */
  readonly load: number;
}

export interface Results {
  readonly machine: Machine;
  /** All that were wanted. */
  readonly wanted: number;
  /** False if a submission was lost, doubled, sent to the wrong partner or wrong in the read models. */
  readonly exact: boolean;
  readonly chunks: readonly Chunk[];
  readonly steps: readonly Step[];
}

export const noResults = (wanted: number, note: string): Results => ({
  machine: machineWith(note),
  wanted,
  exact: true,
  chunks: [],
  steps: [],
});

export function withRound(results: Results, round: Round, submissions: number): Results {
  const { load, usages, lag } = round;
  const chunk: Chunk = {
    submissions,
    accepted: load.acceptedCount,
    cpu_s_per_1000: byProcess(
      usages,
      ({ user, system }) => ((user + system) * 1_000) / load.acceptedCount,
      3,
    ),
    accepted_per_second: rounded(round.acceptedPerSecond, 0),
    end_to_end_per_second: rounded(round.endToEndPerSecond, 0),
    read_models_lag_s: Number.isNaN(round.readPerSecond) ? null : rounded(lag?.seconds ?? 0, 2),
  };
  return { ...results, exact: results.exact && isExact(round.check), chunks: [...results.chunks, chunk] };
}

export const memoryOf = (usages: Usages): ByProcess => byProcess(usages, ({ pss }) => pss, 0);

export const sumOf = (values: ByProcess): number =>
  Object.values(values).reduce((sum, value) => sum + value, 0);

const NAMES: readonly (readonly [RegExp, string])[] = [
  [/^services\/main\.ts \(.* more\)$/, "worker"],
  [/^services\/main\.ts \((.*)\)$/, "$1"],
  [/^services\/(\w+)\/main\.ts$/, "$1"],
  [/^eventstore$/, "event store"],
  [/^postgres$/, "PostgreSQL"],
  [/^nats-server$/, "NATS"],
];

const nameOf = (process: string): string =>
  NAMES.reduce((name, [pattern, short]) => name.replace(pattern, short), process);

function byProcess(usages: Usages, figure: (usage: Usage) => number, digits: number): ByProcess {
  return Object.fromEntries(
    Array.from(usages, ([name, usage]) => [nameOf(name), rounded(figure(usage), digits)]),
  );
}
