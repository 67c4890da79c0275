// One scenario from the start of a fresh yard to the last delivery, and what was seen of it.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { cpus, loadavg, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import type { Summary } from "./in-node/summary.ts";
import type { LoadProgram } from "./program.ts";
import { type Arrivals, arrivalsAt } from "./receiver.ts";
import { SCENARIOS, type Scenario, type ScenarioName } from "./scenarios.ts";
import { type LoadedYard, startLoadedYard } from "./yard.ts";

/** As it is kept beside the report. */
export interface Measured {
  readonly scenario: ScenarioName;
  readonly at: string;
  readonly program: string;
  /** Where it was not the scenario's own. */
  readonly duration?: string;
  readonly revision: string;
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly memory_gib: number;
    /** Of the minute before the start. */
    readonly load: number;
  };
  readonly seconds: number;
  readonly sent: number;
  readonly acknowledged: number;
  readonly failed: number;
  readonly unexpected_answers: number;
  readonly told_to_come_again: number;
  readonly repeats_recognised: number;
  /** Statistics of times by metric, also of the parts of a scenario. */
  readonly times: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly thresholds: Readonly<Record<string, boolean>>;
  readonly delivered_once: number;
  readonly lost: number;
  readonly doubled: number;
  readonly retried_deliveries: number;
  readonly retries: number;
  readonly unacknowledged: number;
  /** From the last answer to the last delivery. */
  readonly drained_after_seconds: number;
}

export interface MeasureOptions {
  readonly program: LoadProgram;
  /** Where k6 leaves its own report. */
  readonly htmlFile: string;
  /** Instead of the scenario's own. */
  readonly duration: string | undefined;
  /** The least of a scenario that shows anything. */
  readonly isShort: boolean;
}

const MAX_SHOWN = 5;
const THRESHOLD_MISSED = 99;

export async function measure(scenario: ScenarioName, options: MeasureOptions): Promise<Measured> {
  const [load = 0] = loadavg();
  const at = new Date().toISOString();
  const folder = mkdtempSync(join(tmpdir(), "load-run-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const { partners, env }: Scenario = SCENARIOS[scenario];
  const yard = await startLoadedYard(env);
  try {
    for (const [name, settings] of Object.entries(partners)) await yard.behave(name, settings);
    const summary = await put(scenario, yard, folder, options);
    const endedAt = performance.now();
    const acknowledged = acknowledgedIn(join(folder, "console.log"));
    console.log(`${acknowledged.length} acknowledged; waiting for their deliveries`);
    const arrivals = await arrivalsAt(yard.simulatorUrl, acknowledged);
    const drained = (performance.now() - endedAt) / 1_000;
    await tell(yard, arrivals);
    return {
      ...{ scenario, at, program: options.program.name, revision: revision() },
      ...(options.duration !== undefined && { duration: options.duration }),
      machine: machine(load),
      ...figuresOf(summary, acknowledged.length),
      delivered_once: arrivals.once,
      lost: arrivals.lost.length,
      doubled: arrivals.doubled.length,
      retried_deliveries: arrivals.retried,
      retries: arrivals.retries,
      unacknowledged: arrivals.unacknowledged,
      drained_after_seconds: rounded(drained),
    };
  } finally {
    await yard.stop();
  }
}

async function put(
  scenario: ScenarioName,
  yard: LoadedYard,
  folder: string,
  { program, htmlFile, duration, isShort }: MeasureOptions,
): Promise<Summary> {
  const summaryFile = join(folder, "summary.json");
  const code = await program.run(join(import.meta.dirname, `../../k6/${scenario}.ts`), {
    YARD_URL: yard.url,
    SOURCE: yard.source,
    SOURCE_SECRET: yard.sourceSecret,
    SIMULATOR_URL: yard.simulatorUrl,
    PARTNER_SECRET: yard.partnerSecret,
    RUN: `${scenario}-${Date.now().toString(36)}`,
    SUMMARY_FILE: summaryFile,
    ...(duration !== undefined && { DURATION: duration }),
    ...(isShort && { SHORT: "1" }),
    K6_CONSOLE_OUTPUT: join(folder, "console.log"),
    K6_WEB_DASHBOARD: "true",
    // No port: only the report is wanted.
    K6_WEB_DASHBOARD_PORT: "-1",
    K6_WEB_DASHBOARD_PERIOD: "1s",
    K6_WEB_DASHBOARD_EXPORT: htmlFile,
  });
  if ((code !== 0 && code !== THRESHOLD_MISSED) || !existsSync(summaryFile))
    throw new Error(`${program.name} ended with code ${code}; what it said is above`);
  return JSON.parse(readFileSync(summaryFile, "utf8")) as Summary;
}

/** The ids of all that was answered 202: a line each, whatever the log's format puts around it. */
export function acknowledgedIn(file: string): readonly string[] {
  const lines = readFileSync(file, "utf8").matchAll(/acknowledged (\S+) ([0-9a-f-]{36})/g);
  const byKey = new Map(Array.from(lines, ([, key = "", id = ""]) => [key, id]));
  const ids = new Set(byKey.values());
  if (ids.size < byKey.size) throw new Error(`${byKey.size} keys were acknowledged under ${ids.size} ids`);
  return [...ids];
}

function figuresOf({ metrics, state }: Summary, acknowledged: number) {
  const count = (name: string): number => metrics[name]?.values.count ?? 0;
  if (count("submissions_acknowledged") !== acknowledged)
    throw new Error(
      `The load names ${acknowledged} acknowledged submissions, but has counted ${count("submissions_acknowledged")}`,
    );
  const times = Object.entries(metrics).filter(([name]) => /^(answer|acknowledge)_ms/.test(name));
  const thresholds = Object.entries(metrics).flatMap(([name, metric]) =>
    Object.entries(metric.thresholds ?? {}).map(([limit, { ok }]) => [`${name}: ${limit}`, ok] as const),
  );
  return {
    seconds: rounded(state.testRunDurationMs / 1_000),
    sent: count("submissions_sent"),
    acknowledged,
    failed: count("submissions_failed"),
    unexpected_answers: count("answers_unexpected"),
    told_to_come_again: count("submissions_retried"),
    repeats_recognised: count("repeats_recognised"),
    times: Object.fromEntries(times.map(([name, { values }]) => [name, roundedAll(values)])),
    thresholds: Object.fromEntries(thresholds),
  };
}

/** What went wrong, in a few examples. */
async function tell(yard: LoadedYard, { lost, doubled }: Arrivals): Promise<void> {
  for (const id of lost.slice(0, MAX_SHOWN))
    console.log(`LOST ${id}: the yard says "${(await yard.statusOf(id)) ?? "unknown"}"`);
  for (const id of doubled.slice(0, MAX_SHOWN)) console.log(`DOUBLED ${id}`);
}

function machine(load: number): Measured["machine"] {
  const all = cpus();
  return {
    cpu: all[0]?.model.trim() ?? "unknown",
    cores: all.length,
    memory_gib: Math.round(totalmem() / 2 ** 30),
    load: rounded(load),
  };
}

function revision(): string {
  const git = spawnSync("git", ["rev-parse", "--short", "HEAD"], {
    encoding: "utf8",
    cwd: import.meta.dirname,
  });
  return git.status === 0 ? git.stdout.trim() : "unknown";
}

const rounded = (value: number): number => Math.round(value * 10) / 10;

function roundedAll(values: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, rounded(value)]));
}
