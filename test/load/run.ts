// npm run load: puts the yard under load, checks what arrived, and writes docs/proof-of-load.md, or below reports/load where scenarios are
// named. With SHORT set a scenario sends only as much as shows anything, and the report goes to a temporary folder.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type Measured, measure } from "./measure.ts";
import { findProgram, HOW_TO_GET_K6 } from "./program.ts";
import { filesOf, folderFor, keep, objections } from "./report.ts";
import { SCENARIO_NAMES, type ScenarioName } from "./scenarios.ts";

const USAGE = `usage: npm run load -- [scenario…] [options]
scenarios: ${SCENARIO_NAMES.join(", ")}; all of them without one
  --duration D   how long mixed, overload and soak go on, such as 30s or 10m
  --report DIR   where proof-of-load.md goes (docs for all scenarios, reports/load for some)`;
const isShort = Boolean(process.env.SHORT);

// What was started goes when we exit, whatever makes us.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
const { names, duration, report } = read(process.argv.slice(2));
const program = findProgram(process.env);
if (!program.isK6) console.log(HOW_TO_GET_K6);
let isGood = true;
for (const name of names) {
  console.log(`\n${name}: starting a fresh yard; load is made by ${program.name}`);
  const { html } = filesOf(report, name);
  mkdirSync(dirname(html), { recursive: true });
  // One of an earlier run would stand beside other figures.
  rmSync(html, { force: true });
  const measured = await measure(name, { program, htmlFile: html, duration, isShort });
  keep(report, measured);
  console.log(summary(measured));
  isGood &&= objections(measured).length === 0;
}
console.log(`\nThe report is in ${join(report, "proof-of-load.md")}`);
process.exit(isGood ? 0 : 1);

function read(args: readonly string[]) {
  if (args.includes("--help")) {
    console.log(USAGE);
    process.exit(0);
  }
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { duration: { type: "string" }, report: { type: "string" } },
    });
    const { duration } = values;
    if (duration !== undefined && !/^\d+[smh]$/.test(duration))
      throw new Error(`--duration ${duration} is no duration like 30s, 10m or 1h`);
    const names = positionals.length === 0 ? SCENARIO_NAMES : positionals.map(scenarioNamed);
    const folder = isShort ? mkdtempSync(join(tmpdir(), "load-report-")) : folderFor(positionals);
    return { names, duration, report: resolve(values.report ?? folder) };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n${USAGE}`);
    process.exit(2);
  }
}

function scenarioNamed(word: string): ScenarioName {
  const found = SCENARIO_NAMES.find((name) => name === word);
  if (found === undefined) throw new Error(`There is no scenario ${word}`);
  return found;
}

function summary(run: Measured): string {
  const against = objections(run);
  return [
    `${run.sent} sent, ${run.acknowledged} acknowledged, ${run.failed} failed`,
    `${run.delivered_once} with exactly one effect, ${run.lost} lost, ${run.doubled} doubled`,
    `${run.retried_deliveries} delivered after a retry`,
    against.length === 0 ? "every threshold met" : `NOT PROVEN: ${against.join("; ")}`,
  ].join("; ");
}
