// Runs a script of k6/ where k6 is not installed. It has what these scripts use of k6 (some modules, three executors, thresholds,
// handleSummary) and nothing else. Like k6 it takes `run <script>`, and exits with 99 when a threshold is missed.
import { writeFileSync } from "node:fs";
import { runScenarios } from "./executors.ts";
import { loadScript } from "./script.ts";
import { summarise } from "./summary.ts";
import { warmUp } from "./warm-up.ts";

const MISSED = 99;
const MAX_SHOWN = 5;

const [command, path] = process.argv.slice(2);
if (command !== "run" || path === undefined) {
  console.error("usage: main.ts run <script>");
  process.exit(2);
}

sendConsoleTo(process.env.K6_CONSOLE_OUTPUT);
const script = await loadScript(path, process.env);
await warmUp();
const begunAt = performance.now();
const errors = await runScenarios(script.options, script);
for (const error of errors.slice(0, MAX_SHOWN)) console.error(error);
const summary = summarise(script.options, performance.now() - begunAt);
for (const [file, text] of Object.entries(script.handleSummary(summary)))
  if (file === "stdout") process.stdout.write(text);
  else writeFileSync(file, text);
const limits = Object.values(summary.metrics).flatMap(({ thresholds = {} }) => Object.values(thresholds));
process.exit(limits.every(({ ok }) => ok) && errors.length === 0 ? 0 : MISSED);

/** Kept until the end: a write for each line would take time from what is measured. */
function sendConsoleTo(file: string | undefined): void {
  if (file === undefined) return;
  const lines: string[] = [];
  console.log = (line: string): void => void lines.push(`${line}\n`);
  process.once("exit", () => writeFileSync(file, lines.join("")));
}
