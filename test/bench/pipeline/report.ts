// Prints figures in columns.
import { median } from "../eventstore/measure.ts";
import { sumOf, type Usage, type Usages } from "./processes.ts";
import { isExact, type Round } from "./round.ts";

/** Aligns the first column left and the others right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const aligned = (cell: string, column: number): string =>
    column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  return rows.map((row) => row.map(aligned).join("  ").trimEnd()).join("\n");
}

export const whole = (value: number): string =>
  Number.isNaN(value) ? "–" : Math.round(value).toLocaleString("en");

export const fixed = (value: number, digits = 1): string =>
  Number.isNaN(value) ? "–" : value.toFixed(digits);

/** CPU seconds of all processes for 1,000 submissions. */
export function totalCpu({ usages, load }: Round): number {
  const { user, system } = sumOf(usages);
  return ((user + system) * 1_000) / load.acceptedCount;
}

export const neverAccepted = ({ load }: Round): number =>
  load.unfinished + Object.values(load.failed).reduce((sum, times) => sum + times, 0);

/** A round in one line, printed as soon as it is over. */
export function summary(round: Round): string {
  const { load, lag, check } = round;
  const { lost, doubled, misrouted, misread } = check;
  const failed = Object.entries(load.failed).map(([status, times]) => `, ${times} × ${status}`);
  const refused = load.refused > 0 ? `, ${load.refused} refused at first` : "";
  const unfinished = load.unfinished > 0 ? `, ${load.unfinished} never accepted` : "";
  return [
    `accepted ${whole(round.acceptedPerSecond)}/s${refused}${failed.join("")}${unfinished}`,
    `ack p50 ${fixed(load.p50)} p99 ${fixed(load.p99)} max ${fixed(load.max)} ms`,
    `end to end ${whole(round.endToEndPerSecond)}/s, read ${whole(round.readPerSecond)}/s`,
    ...(lag === undefined ? [] : [`lag ${fixed(lag.seconds, 2)} s (${lag.projection})`]),
    `CPU ${fixed(totalCpu(round), 2)} s per 1,000`,
    isExact(check)
      ? "none lost or doubled"
      : `LOST ${lost}, DOUBLED ${doubled}, misrouted ${misrouted}, misread ${misread}`,
  ].join("; ");
}

export interface Cost {
  readonly usages: Usages;
  /** Of the benchmark's own processes. */
  readonly benchUsages?: Usages;
  /** How many submissions, or members, there were. */
  readonly count: number;
}

export const costOf = ({ usages, benchUsages, load }: Round): Cost => ({
  usages,
  benchUsages,
  count: load.acceptedCount,
});

/** CPU for 1,000 submissions or members and memory by process, as medians of the rounds. */
export function byProcess(rounds: readonly Cost[]): string {
  const row = (name: string, usageIn: (round: Cost) => Usage | undefined): string[] => {
    const usages = rounds.flatMap((round) => perThousand(usageIn(round), round) ?? []);
    const figure = (of: (usage: Usage) => number): number => median(usages.map(of));
    return [
      `  ${name}`,
      fixed(
        figure(({ user }) => user),
        3,
      ),
      fixed(
        figure(({ system }) => system),
        3,
      ),
      fixed(
        figure(({ user, system }) => user + system),
        3,
      ),
      whole(figure(({ rss }) => rss)),
      whole(figure(({ pss }) => pss)),
    ];
  };
  return table([
    ["", "user", "system", "CPU s per 1,000", "RSS MB", "PSS MB"],
    ...byCost(rounds.map(({ usages }) => usages)).map((name) => row(name, ({ usages }) => usages.get(name))),
    row("all", ({ usages }) => sumOf(usages)),
    ...byCost(rounds.flatMap(({ benchUsages }) => benchUsages ?? [])).map((name) =>
      row(`(beside: ${name})`, ({ benchUsages }) => benchUsages?.get(name)),
    ),
  ]);
}

/** The names in all of them, the most expensive first. */
function byCost(rounds: readonly Usages[]): string[] {
  const cost = new Map<string, number>();
  for (const usages of rounds)
    for (const [name, { user, system }] of usages) cost.set(name, (cost.get(name) ?? 0) + user + system);
  return [...cost].sort(([, a], [, b]) => b - a).map(([name]) => name);
}

/** CPU time only: memory does not depend on how many were sent. */
function perThousand(usage: Usage | undefined, { count }: Cost): Usage | undefined {
  if (usage === undefined) return undefined;
  const factor = 1_000 / count;
  return { ...usage, user: usage.user * factor, system: usage.system * factor };
}
