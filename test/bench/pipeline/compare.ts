// Measures the systems in alternating rounds, so that other work on the machine affects all alike. Prints medians, ratios and targets.
import { inspect } from "node:util";
import { median } from "../eventstore/measure.ts";
import { type Bench, startSystem } from "./bench.ts";
import type { Options } from "./options.ts";
import { sumOf } from "./processes.ts";
import { byProcess, costOf, fixed, neverAccepted, summary, table, totalCpu, whole } from "./report.ts";
import { isExact, measure, type Round, WARM_UP } from "./round.ts";
import type { SystemName } from "./system.ts";

type Results = ReadonlyMap<SystemName, readonly Round[]>;

/** False if something was lost or doubled, or a system failed. */
export async function compare(bench: Bench, options: Options): Promise<boolean> {
  const results = new Map<SystemName, Round[]>();
  let isGood = true;
  for (let n = 1; n <= options.rounds; n += 1)
    for (const name of options.systems) {
      try {
        const round = await measureOne(name, bench, options);
        console.log(`round ${n}, ${name}: ${summary(round)}`);
        results.set(name, [...(results.get(name) ?? []), round]);
        isGood &&= isExact(round.check);
      } catch (error) {
        console.log(`round ${n}, ${name}: FAILED: ${inspect(error)}`);
        isGood = false;
      }
    }
  print(results, options);
  return isGood;
}

async function measureOne(name: SystemName, bench: Bench, options: Options): Promise<Round> {
  const { submissions, connections } = options;
  const system = await startSystem(name, bench, options);
  try {
    await measure(system, bench, { from: 0, many: WARM_UP, connections });
    return await measure(system, bench, { from: WARM_UP, many: submissions, connections });
  } finally {
    await system.stop();
  }
}

type Figure = (round: Round) => number;

const medianOf = (rounds: readonly Round[], figure: Figure): number => median(rounds.map(figure));
const maxOf = (rounds: readonly Round[], figure: Figure): number => Math.max(...rounds.map(figure));
const totalOf = (rounds: readonly Round[], figure: Figure): number =>
  rounds.reduce((sum, round) => sum + figure(round), 0);

const p50: Figure = ({ load }) => load.p50;
const p99: Figure = ({ load }) => load.p99;
const endToEnd: Figure = (round) => round.endToEndPerSecond;
const memory: Figure = ({ usages }) => sumOf(usages).pss;
const lag: Figure = (round) => round.lag?.seconds ?? Number.NaN;

function print(results: Results, { submissions, rounds, connections, apart }: Options): void {
  const layout = apart ? "; every role in a process of its own" : "";
  console.log(
    `\n${whole(submissions)} submissions at ${connections} connections, ${rounds} rounds${layout}\n` +
      "Medians of the rounds; max and lag are the largest, what was refused, lost or doubled is the total.\n",
  );
  const row = (what: string, cell: (rounds: readonly Round[]) => string): string[] => [
    what,
    ...[...results.values()].map(cell),
  ];
  const total = (what: string, figure: Figure): string[] => row(what, (all) => whole(totalOf(all, figure)));
  console.log(
    table([
      ["", ...results.keys()],
      row("accepted/s", (all) => whole(medianOf(all, (one) => one.acceptedPerSecond))),
      row("ack p50 ms", (all) => fixed(medianOf(all, p50))),
      row("ack p99 ms", (all) => fixed(medianOf(all, p99))),
      row("ack max ms", (all) => fixed(maxOf(all, ({ load }) => load.max))),
      row("end to end/s", (all) => whole(medianOf(all, endToEnd))),
      row("read models caught up/s", (all) => whole(medianOf(all, (one) => one.readPerSecond))),
      row("lag of read models, s", (all) => fixed(maxOf(all, lag), 2)),
      row("  in events", (all) => whole(maxOf(all, (one) => one.lag?.events ?? Number.NaN))),
      row("CPU s per 1,000", (all) => fixed(medianOf(all, totalCpu), 2)),
      row("resident MB (PSS)", (all) => whole(medianOf(all, memory))),
      total("refused at first (503)", ({ load }) => load.refused),
      total("broken connections", ({ load }) => load.dropped),
      total("never accepted", neverAccepted),
      total("lost", ({ check }) => check.lost),
      total("doubled", ({ check }) => check.doubled),
      total("misrouted", ({ check }) => check.misrouted),
      total("wrong in read models", ({ check }) => check.misread),
    ]),
  );
  for (const [name, all] of results) console.log(`\n${name}\n${byProcess(all.map(costOf))}`);
  const yard = results.get("yard");
  if (yard === undefined) return;
  printRatios(yard, results);
  printTargets(yard, results);
}

const COMPARED: readonly (readonly [what: string, figure: Figure])[] = [
  ["accepted/s", (round) => round.acceptedPerSecond],
  ["ack p50", p50],
  ["ack p99", p99],
  ["end to end/s", endToEnd],
  ["read models caught up/s", (round) => round.readPerSecond],
  ["CPU s per 1,000", totalCpu],
  ["resident MB (PSS)", memory],
];

const ratio = (yard: readonly Round[], other: readonly Round[], figure: Figure): number =>
  medianOf(yard, figure) / medianOf(other, figure);

function printRatios(yard: readonly Round[], results: Results): void {
  const others = [...results].filter(([name]) => name !== "yard");
  if (others.length === 0) return;
  const rows = COMPARED.map(([what, figure]) => [
    what,
    ...others.map(([, all]) => fixed(ratio(yard, all, figure), 2)),
  ]);
  console.log(`\nyard divided by\n${table([["", ...others.map(([name]) => name)], ...rows])}`);
}

function printTargets(yard: readonly Round[], results: Results): void {
  const rows: string[][] = [];
  const atLeast = (what: string, min: number, value: number): void => {
    rows.push([what, `≥ ${min}`, fixed(value, 2), value >= min ? "met" : "MISSED"]);
  };
  const atMost = (what: string, max: number, value: number): void => {
    rows.push([what, `≤ ${max}`, fixed(value, 2), value <= max ? "met" : "MISSED"]);
  };
  const [always, history] = [results.get("bullmq-always"), results.get("bullmq-history")];
  if (always) atLeast("end to end, divided by bullmq-always", 0.6, ratio(yard, always, endToEnd));
  if (history) atLeast("end to end, divided by bullmq-history", 1.5, ratio(yard, history, endToEnd));
  atMost("ack p50 ms", 40, medianOf(yard, p50));
  atMost("ack p99 ms", 100, medianOf(yard, p99));
  atMost("CPU s per 1,000", 0.9, medianOf(yard, totalCpu));
  atMost("lag of read models, s", 1, maxOf(yard, lag));
  console.log(`\n${table([["target of the yard", "", "measured", ""], ...rows])}`);
}
