// The systems in turn, and again: what else the machine does then hits them alike. Medians, ratios, and what is wanted.
import { median } from "../eventstore/measure.ts";
import { type Bench, startSystem } from "./bench.ts";
import type { Options } from "./options.ts";
import { sumOf } from "./processes.ts";
import { byProcess, fixed, inALine, isWhole, rate, table, wholeCpu } from "./report.ts";
import { measure, type Round } from "./round.ts";
import type { SystemName } from "./system.ts";

/** Until the compilers have seen what is hot; the first moments are what --burst looks at. */
export const WARM_UP = 2_000;

type Rounds = ReadonlyMap<SystemName, readonly Round[]>;

export async function compare(bench: Bench, options: Options): Promise<boolean> {
  const { systems, submissions, rounds, connections, apart } = options;
  const results = new Map<SystemName, Round[]>(systems.map((name) => [name, []]));
  for (let n = 1; n <= rounds; n += 1)
    for (const name of systems) {
      const system = await startSystem(name, bench, { apart });
      try {
        await measure(system, bench, { from: 0, many: WARM_UP, connections });
        const round = await measure(system, bench, { from: WARM_UP, many: submissions, connections });
        results.get(name)?.push(round);
        console.log(`round ${n}, ${name}: ${inALine(round)}`);
      } finally {
        await system.stop();
      }
    }
  print(results, options);
  return [...results.values()].flat().every(({ counted }) => isWhole(counted));
}

const figureOf = (rounds: readonly Round[], of: (round: Round) => number): number => median(rounds.map(of));
const worstOf = (rounds: readonly Round[], of: (round: Round) => number): number =>
  Math.max(...rounds.map(of));
const sumOver = (rounds: readonly Round[], of: (round: Round) => number): number =>
  rounds.reduce((sum, round) => sum + of(round), 0);

const pssOf = ({ usages }: Round): number => sumOf(usages.values()).pss;

function print(results: Rounds, { submissions, rounds, connections, apart }: Options): void {
  console.log(
    `\n${submissions.toLocaleString("en")} submissions at ${connections} connections, ${rounds} rounds in turn${apart ? ", every role a process" : ""}. Medians; of`,
  );
  console.log("max and behind the worst of all rounds; of what was refused, lost or doubled the sum.\n");
  const row = (what: string, of: (rounds: readonly Round[]) => string): string[] => [
    what,
    ...[...results.values()].map(of),
  ];
  const none = (value: number): string => (value === 0 ? "0" : value.toLocaleString("en"));
  console.log(
    table([
      ["", ...results.keys()],
      row("accepted/s", (all) => rate(figureOf(all, (one) => one.acceptedPerSecond))),
      row("ack p50 ms", (all) => fixed(figureOf(all, ({ load }) => load.p50))),
      row("ack p99 ms", (all) => fixed(figureOf(all, ({ load }) => load.p99))),
      row("ack max ms", (all) => fixed(worstOf(all, ({ load }) => load.max))),
      row("end to end/s", (all) => rate(figureOf(all, (one) => one.endToEndPerSecond))),
      row("read models caught up/s", (all) => rate(figureOf(all, (one) => one.caughtUpPerSecond))),
      row("read models behind, s", (all) => fixed(behindOf(all), 2)),
      row("  in events", (all) => rate(worstOf(all, ({ lag }) => lag?.events ?? Number.NaN))),
      row("CPU s per 1,000", (all) => fixed(figureOf(all, wholeCpu), 2)),
      row("resident MB (PSS)", (all) => rate(figureOf(all, pssOf))),
      row("refused at first (503)", (all) => none(sumOver(all, ({ load }) => load.refused))),
      row("broken connections", (all) => none(sumOver(all, ({ load }) => load.dropped))),
      row("never accepted", (all) => none(sumOver(all, neverAccepted))),
      row("lost", (all) => none(sumOver(all, ({ counted }) => counted.lost))),
      row("doubled", (all) => none(sumOver(all, ({ counted }) => counted.doubled))),
      row("misrouted", (all) => none(sumOver(all, ({ counted }) => counted.misrouted))),
      row("wrong in read models", (all) => none(sumOver(all, ({ counted }) => counted.unread))),
    ]),
  );
  for (const [name, all] of results) console.log(`\n${name}\n${byProcess(all)}`);
  const yard = results.get("yard");
  if (yard === undefined) return;
  printRatios(yard, results);
  printTargets(yard, results);
}

const behindOf = (rounds: readonly Round[]): number =>
  worstOf(rounds, ({ lag }) => lag?.seconds ?? Number.NaN);

const neverAccepted = ({ load }: Round): number =>
  load.unanswered + Object.values(load.failed).reduce((sum, times) => sum + times, 0);

const FIGURES: readonly (readonly [string, (round: Round) => number])[] = [
  ["accepted/s", (round) => round.acceptedPerSecond],
  ["ack p50", ({ load }) => load.p50],
  ["ack p99", ({ load }) => load.p99],
  ["end to end/s", (round) => round.endToEndPerSecond],
  ["read models caught up/s", (round) => round.caughtUpPerSecond],
  ["CPU s per 1,000", wholeCpu],
  ["resident MB (PSS)", pssOf],
];

function ratio(yard: readonly Round[], other: readonly Round[], of: (round: Round) => number): number {
  return figureOf(yard, of) / figureOf(other, of);
}

function printRatios(yard: readonly Round[], results: Rounds): void {
  const others = [...results].filter(([name]) => name !== "yard");
  if (others.length === 0) return;
  console.log("\nthe yard's figure, times that of");
  console.log(
    table([
      ["", ...others.map(([name]) => name)],
      ...FIGURES.map(([what, of]) => [what, ...others.map(([, all]) => fixed(ratio(yard, all, of), 2))]),
    ]),
  );
}

interface Target {
  readonly what: string;
  readonly wanted: string;
  readonly value: number;
  readonly isMet: boolean;
}

function printTargets(yard: readonly Round[], results: Rounds): void {
  const targets: Target[] = [];
  const atLeast = (what: string, least: number, value: number): void => {
    targets.push({ what, wanted: `≥ ${least}`, value, isMet: value >= least });
  };
  const atMost = (what: string, most: number, value: number): void => {
    targets.push({ what, wanted: `≤ ${most}`, value, isMet: value <= most });
  };
  const endToEnd = (round: Round): number => round.endToEndPerSecond;
  const [always, history] = [results.get("bullmq-always"), results.get("bullmq-history")];
  if (always) atLeast("end to end, times bullmq-always", 0.6, ratio(yard, always, endToEnd));
  if (history) atLeast("end to end, times bullmq-history", 1.5, ratio(yard, history, endToEnd));
  atMost(
    "ack p50 ms",
    40,
    figureOf(yard, ({ load }) => load.p50),
  );
  atMost(
    "ack p99 ms",
    100,
    figureOf(yard, ({ load }) => load.p99),
  );
  atMost("CPU s per 1,000", 0.9, figureOf(yard, wholeCpu));
  atMost("read models behind, s", 1, behindOf(yard));
  console.log("\nwanted of the yard");
  console.log(
    table(
      targets.map(({ what, wanted, value, isMet }) => [
        what,
        wanted,
        fixed(value, 2),
        isMet ? "met" : "missed",
      ]),
    ),
  );
}
