// `npm run bench -- rules`: what deciding costs with a thousand rules over twenty fields, compiled by us, and beside it what people
// would use instead, on the same rules and submissions in the same run.
import { checkRules } from "#domain/rules/check/check.ts";
import { compileRules, loadRules } from "#domain/rules/compile/compile.ts";
import { evaluate, inOrder, matches } from "#domain/rules/evaluate.ts";
import { jsonRulesEngine, zenEngine } from "./rules/others.ts";
import { manyRules, manySubmissions, pathological } from "./rules/sets.ts";

const ROUNDS = 3;
const RULES = 1_000;
const SUBMISSIONS = 5_000;
const WARM_MS = 300;
const ROUND_MS = 1_000;

type Decider = (facts: Record<string, unknown>) => string | undefined | Promise<string | undefined>;

export async function run(): Promise<void> {
  const rules = manyRules(RULES);
  const submissions = manySubmissions(SUBMISSIONS);
  const began = performance.now();
  const { source, tree } = compileRules(rules);
  const compiledMs = performance.now() - began;
  const decide = loadRules(source, rules);
  const checkBegan = performance.now();
  const found = checkRules(rules);
  const checkMs = performance.now() - checkBegan;

  const ordered = inOrder(rules);
  const deciders: Readonly<Record<string, Decider>> = {
    "compiled by us": (facts) => decide(facts)?.id,
    "first-match loop": (facts) => ordered.find(({ when }) => matches(when, facts))?.id,
    "@gorules/zen-engine": await zenEngine(rules),
    "json-rules-engine": jsonRulesEngine(rules),
  };
  for (const [name, one] of Object.entries(deciders)) await agrees(name, one, submissions.slice(0, 200));

  const speeds = new Map<string, Speed[]>();
  for (let round = 0; round < ROUNDS; round += 1)
    for (const [name, one] of Object.entries(deciders)) {
      await measured(one, submissions, WARM_MS);
      speeds.set(name, [...(speeds.get(name) ?? []), await measured(one, submissions, ROUND_MS)]);
    }

  const median = (all: readonly number[]): number => [...all].sort((a, b) => a - b)[1] as number;
  const medians = new Map(
    Array.from(speeds, ([name, all]) => [
      name,
      {
        perSecond: median(all.map((one) => one.perSecond)),
        perCpuSecond: median(all.map((one) => one.perCpuSecond)),
      },
    ]),
  );
  const ours = medians.get("compiled by us") as Speed;
  console.log(
    `${RULES} rules over 20 fields, ${SUBMISSIONS} submissions, medians of ${ROUNDS} alternating rounds\n`,
  );
  const shown = (speed: number): string => Math.round(speed).toLocaleString("en").padStart(12);
  for (const [name, { perSecond, perCpuSecond }] of medians)
    console.log(
      `${name.padEnd(22)} ${shown(perSecond)}/s ${shown(perCpuSecond)}/CPU s   ours is ${(ours.perCpuSecond / perCpuSecond).toFixed(1)} x`,
    );
  console.log(
    `\ncompiling  ${compiledMs.toFixed(0)} ms (wanted: < 500), nodes of the tree: ${tree.nodes}, characters of source: ${source.length}`,
  );
  const counts = Object.entries(found).map(([kind, all]) => `${(all as unknown[]).length} ${kind}`);
  console.log(`check      ${checkMs.toFixed(0)} ms (wanted: < 5,000): ${counts.join(", ")}`);
  pathologicalSet();
  console.log("wanted: at least 1,000,000/s on one core, and at least 10 x @gorules/zen-engine");

  async function agrees(name: string, one: Decider, some: readonly Record<string, unknown>[]): Promise<void> {
    for (const facts of some) {
      const expected = evaluate(rules, facts).rule?.id;
      const said = await one(facts);
      if (said !== expected) throw new Error(`${name} says ${said} where ${expected} is right`);
    }
  }
}

interface Speed {
  readonly perSecond: number;
  /** What one core does where it has nothing else to do; on a machine that others use, the other figure says less. */
  readonly perCpuSecond: number;
}

async function measured(
  decide: Decider,
  submissions: readonly Record<string, unknown>[],
  ms: number,
): Promise<Speed> {
  const began = performance.now();
  const cpuBefore = process.cpuUsage();
  let count = 0;
  for (;;) {
    for (const facts of submissions) {
      const said = decide(facts);
      if (said instanceof Promise) await said;
      count += 1;
      if (count % 64 === 0 && performance.now() - began >= ms) {
        const { user, system } = process.cpuUsage(cpuBefore);
        const [wall, cpu] = [(performance.now() - began) / 1_000, (user + system) / 1e6];
        return { perSecond: count / wall, perCpuSecond: count / cpu };
      }
    }
  }
}

function pathologicalSet(): void {
  const rules = pathological();
  const before = process.memoryUsage().heapUsed;
  const began = performance.now();
  const { source } = compileRules(rules);
  const compiledMs = performance.now() - began;
  const checkBegan = performance.now();
  const { gave_up } = checkRules(rules);
  const grown = (process.memoryUsage().heapUsed - before) / 1e6;
  console.log(
    `a set made to be hard (${rules.length} rules of many "contains" and deep groups): compiled in ${compiledMs.toFixed(0)} ms to ` +
      `${source.length} characters, checked in ${(performance.now() - checkBegan).toFixed(0)} ms, questions it gave up: ${gave_up.length}, heap grown by ${Math.max(0, grown).toFixed(0)} MB`,
  );
}
