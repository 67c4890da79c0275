// How figures are written: in columns, with what is wanted beside them.
import { median } from "../eventstore/measure.ts";
import { plus, sumOf, type Usage, type Usages } from "./processes.ts";
import type { Counted, Round } from "./round.ts";

/** The first column reads from the left, figures from the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join("  ");
  return rows.map(line).join("\n");
}

export function rate(value: number): string {
  return Number.isNaN(value) ? "–" : Math.round(value).toLocaleString("en");
}

export const fixed = (value: number, digits = 1): string =>
  Number.isNaN(value) ? "–" : value.toFixed(digits);

export const cpuPerThousand = ({ user, system }: Usage, { load }: Round): number =>
  ((user + system) * 1_000) / load.acceptedCount;

export const wholeCpu = (round: Round): number => cpuPerThousand(sumOf(round.usages.values()), round);

export const isWhole = ({ lost, doubled, misrouted, unread }: Counted): boolean =>
  lost + doubled + misrouted + unread === 0;

/** A round in a line, for whoever waits for the end. */
export function inALine(round: Round): string {
  const { load, lag, counted } = round;
  const { lost, doubled, misrouted, unread } = counted;
  const refused = load.refused > 0 ? `, ${load.refused} refused at first` : "";
  const failed = Object.entries(load.failed).map(([status, times]) => `, ${times} × ${status}`);
  return [
    `accepted ${rate(round.acceptedPerSecond)}/s${refused}${failed.join("")}`,
    `ack p50 ${fixed(load.p50)} p99 ${fixed(load.p99)} max ${fixed(load.max)} ms`,
    `end to end ${rate(round.endToEndPerSecond)}/s, read ${rate(round.caughtUpPerSecond)}/s`,
    ...(lag === undefined ? [] : [`${lag.projection} ${fixed(lag.seconds, 2)} s behind`]),
    `CPU ${fixed(wholeCpu(round), 2)} s per 1,000`,
    isWhole(counted)
      ? "none lost or doubled"
      : `LOST ${lost}, DOUBLED ${doubled}, misrouted ${misrouted}, wrong in read models ${unread}`,
  ].join("; ");
}

/** Each process with what it cost for 1,000 submissions and what it holds; medians over the rounds. */
export function byProcess(rounds: readonly Round[]): string {
  const rows = [["", "user", "system", "CPU s per 1,000", "RSS MB", "PSS MB"]];
  const line = (name: string, of: (round: Round) => Usage | undefined): void => {
    const found = rounds.flatMap((round) => {
      const usage = of(round);
      return usage === undefined ? [] : [scaled(usage, 1_000 / round.load.acceptedCount)];
    });
    const figure = (name: keyof Usage): number => median(found.map((one) => one[name]));
    rows.push([
      `  ${name}`,
      fixed(figure("user"), 3),
      fixed(figure("system"), 3),
      fixed(median(found.map(({ user, system }) => user + system)), 3),
      rate(figure("rss")),
      rate(figure("pss")),
    ]);
  };
  for (const name of namesIn(rounds, ({ usages }) => usages)) line(name, ({ usages }) => usages.get(name));
  line("all", ({ usages }) => sumOf(usages.values()));
  for (const name of namesIn(rounds, ({ beside }) => beside))
    line(`(beside it: ${name})`, ({ beside }) => beside.get(name));
  return table(rows);
}

/** In the order of what they cost. */
function namesIn(rounds: readonly Round[], of: (round: Round) => Usages): string[] {
  const all = new Map<string, Usage>();
  for (const round of rounds)
    for (const [name, usage] of of(round)) {
      const before = all.get(name);
      all.set(name, before === undefined ? usage : plus(before, usage));
    }
  return [...all].sort(([, a], [, b]) => b.user + b.system - (a.user + a.system)).map(([name]) => name);
}

/** The CPU time alone; memory is what it is. */
const scaled = (usage: Usage, factor: number): Usage => ({
  ...usage,
  user: usage.user * factor,
  system: usage.system * factor,
});
