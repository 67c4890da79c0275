// Measures the systems in alternating rounds, so that other work on the machine affects all alike. Prints medians, ratios and targets.
import { loadavg } from "node:os";
import { inspect } from "node:util";
import { median } from "../eventstore/measure.ts";
import { type Child, startChild } from "../pipeline/child.ts";
import { byProcess, fixed, table, whole } from "../pipeline/report.ts";
import { profile } from "./profile.ts";
import type { ProviderApi } from "./provider.ts";
import { startBullmq, startGraphile } from "./queues.ts";
import { cpuOf, isExact, measure, type Round } from "./round.ts";
import { type JobSystem, type SystemName, WORKERS } from "./system.ts";
import { startYard } from "./yard.ts";

export interface CompareOptions {
  readonly members: number;
  readonly rounds: number;
  readonly systems: readonly SystemName[];
  /** Before each round, until the compilers have seen what is hot. */
  readonly warmUp: number;
  /** Prints where the yard's processes spend their time as well. */
  readonly withProfile: boolean;
}

type Results = Map<SystemName, Round[]>;

const MANY_SLOTS = 1_000;
const CREATED_WITHIN_MS = 2_000;
const MIN_PER_SECOND = 3_000;

/** False if something was lost or doubled, or a system failed. */
export async function compare(options: CompareOptions): Promise<boolean> {
  const provider = startChild<ProviderApi>(new URL("./provider.ts", import.meta.url).pathname);
  const results: Results = new Map();
  let isGood = true;
  try {
    const url = await provider.call("start");
    for (let n = 1; n <= options.rounds; n += 1)
      for (const name of options.systems) {
        try {
          const round = await measureOne(name, { url, provider }, options);
          console.log(`round ${n}, ${name}: ${summary(round)}`);
          results.set(name, [...(results.get(name) ?? []), round]);
          isGood &&= isExact(round);
        } catch (error) {
          console.log(`round ${n}, ${name}: FAILED: ${inspect(error)}`);
          isGood = false;
        }
      }
  } finally {
    await provider.stop();
  }
  print(results, options);
  return isGood;
}

async function measureOne(
  name: SystemName,
  { url, provider }: { readonly url: string; readonly provider: Child<ProviderApi> },
  { members, warmUp, withProfile }: CompareOptions,
): Promise<Round> {
  if (withProfile) return profile((env) => start(name, url, env), provider, { members, warmUp });
  const system = await start(name, url);
  try {
    if (warmUp > 0) await measure(system, provider, "warm-up", warmUp);
    return await measure(system, provider, "measured", members);
  } finally {
    await system.stop();
  }
}

function start(
  name: SystemName,
  url: string,
  env: Readonly<Record<string, string>> = {},
): Promise<JobSystem> {
  switch (name) {
    case "yard":
      return startYard(url, MANY_SLOTS, env);
    case "yard-20-slots":
      return startYard(url, WORKERS, env);
    case "graphile-worker":
      return startGraphile(url);
    case "bullmq-always":
      return startBullmq(url);
  }
}

function summary(round: Round): string {
  const { created, again, lost, doubled } = round;
  return [
    `created in ${whole(created.ms)} ms, again in ${whole(again.ms)} ms`,
    `${whole(round.sentPerSecond)} sent/s, ${whole(round.overPerSecond)} over/s`,
    `memory ${round.memory.map(whole).join(", ")} MB`,
    isExact(round) ? "none lost or doubled" : `LOST ${lost}, DOUBLED ${doubled}, OR NOT OVER`,
  ].join("; ");
}

type Figure = (round: Round) => number;

const medianOf = (rounds: readonly Round[], figure: Figure): number => median(rounds.map(figure));

const CREATED: Figure = ({ created }) => created.ms;
const SENT: Figure = ({ sentPerSecond }) => sentPerSecond;
const OVER: Figure = ({ overPerSecond }) => overPerSecond;
const perThousand =
  (count: number, cpuSeconds: Figure): Figure =>
  (round) =>
    (cpuSeconds(round) * 1_000) / count;
const CREATION_CPU: Figure = ({ creationUsages }) => cpuOf(creationUsages);
const SENDING_CPU: Figure = ({ usages }) => cpuOf(usages);

function print(results: Results, { members, rounds }: CompareOptions): void {
  const row = (what: string, cell: (rounds: readonly Round[]) => string): string[] => [
    what,
    ...[...results.values()].map(cell),
  ];
  const total = (what: string, figure: Figure): string[] =>
    row(what, (all) => whole(all.reduce((sum, round) => sum + figure(round), 0)));
  const memory = (what: string, n: 0 | 1 | 2): string[] =>
    row(what, (all) => whole(medianOf(all, (round) => round.memory[n])));
  console.log(
    `\n${whole(members)} members, ${WORKERS} calls at once, ${rounds} rounds; load of the machine ${loadavg()[0]?.toFixed(1)}\n` +
      "Medians of the rounds; lost and doubled are the total. The yard is given lines over HTTP and seals them; the others are given\n" +
      "objects in the process of their worker.\n",
  );
  console.log(
    table([
      ["", ...results.keys()],
      row("created, ms", (all) => whole(medianOf(all, CREATED))),
      row("created again, ms", (all) => whole(medianOf(all, ({ again }) => again.ms))),
      row("CPU s per 1,000 created", (all) => fixed(medianOf(all, perThousand(members, CREATION_CPU)), 3)),
      row("slowest other answer meanwhile, ms", (all) =>
        whole(medianOf(all, ({ created }) => created.othersMs ?? Number.NaN)),
      ),
      row("sent/s", (all) => whole(medianOf(all, SENT))),
      row("over/s", (all) => whole(medianOf(all, OVER))),
      row("CPU s per 1,000 sent", (all) => fixed(medianOf(all, perThousand(members, SENDING_CPU)), 3)),
      memory("MB (PSS) at the beginning", 0),
      memory("  half way", 1),
      memory("  at the end", 2),
      row("connections at the provider", (all) => whole(Math.max(...all.map((one) => one.connections)))),
      total("lost", ({ lost }) => lost),
      total("doubled", ({ doubled }) => doubled),
    ]),
  );
  const yard = results.get("yard");
  if (yard === undefined) return;
  const creation = yard.map(({ creationUsages: usages }) => ({ usages, count: members }));
  console.log(`\nthe yard by process, created\n${byProcess(creation)}`);
  console.log(
    `\nthe yard by process, sent to\n${byProcess(yard.map(({ usages }) => ({ usages, count: members })))}`,
  );
  printRatios(yard, results);
  const created = medianOf(yard, CREATED);
  const sent = medianOf(yard, SENT);
  console.log(
    `\n${table([
      ["target of the yard", "", "measured", ""],
      ["created, ms", `≤ ${whole(CREATED_WITHIN_MS)}`, whole(created), told(created <= CREATED_WITHIN_MS)],
      ["sent/s", `≥ ${whole(MIN_PER_SECOND)}`, whole(sent), told(sent >= MIN_PER_SECOND)],
    ])}`,
  );
}

const told = (isMet: boolean): string => (isMet ? "met" : "MISSED");

function printRatios(yard: readonly Round[], results: Results): void {
  const others = [...results].filter(([name]) => name !== "yard");
  if (others.length === 0) return;
  const compared: readonly (readonly [string, Figure])[] = [
    ["created, ms", CREATED],
    ["sent/s", SENT],
    ["over/s", OVER],
    ["CPU s of creation", CREATION_CPU],
    ["CPU s of sending", SENDING_CPU],
  ];
  const rows = compared.map(([what, figure]) => [
    what,
    ...others.map(([, all]) => fixed(medianOf(yard, figure) / medianOf(all, figure), 2)),
  ]);
  console.log(`\nyard divided by\n${table([["", ...others.map(([name]) => name)], ...rows])}`);
}
