// docs/proof-of-load.md: written anew from the figures of the last run of each scenario.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Measured } from "./measure.ts";
import { SCENARIO_NAMES, SCENARIOS, type ScenarioName } from "./scenarios.ts";

const FOLDER = "proof-of-load";
const ROOT = join(import.meta.dirname, "../..");

/** What the repository keeps is made by all scenarios; a try of one of them changes no file of it. */
export const folderFor = (scenarios: readonly string[]): string =>
  join(ROOT, scenarios.length === 0 ? "docs" : "reports/load");

export interface ReportFiles {
  /** The figures, which the report is made from. */
  readonly json: string;
  /** k6's own report. */
  readonly html: string;
}

export function filesOf(directory: string, scenario: ScenarioName): ReportFiles {
  const base = join(directory, FOLDER, scenario);
  return { json: `${base}.json`, html: `${base}.html` };
}

/** Why a run proves nothing or something else; empty where it holds. */
export function objections(run: Measured): readonly string[] {
  const missed = Object.entries(run.thresholds).flatMap(([limit, isMet]) => (isMet ? [] : [limit]));
  const { sent, acknowledged, delivered_once, lost, doubled, retried_deliveries } = run;
  return [
    ...missed.map((limit) => `threshold missed: ${limit}`),
    ...(sent === 0 ? ["nothing was sent"] : []),
    // What is neither acknowledged nor failed was cut off in the middle.
    ...(acknowledged < sent ? [`${sent - acknowledged} not acknowledged`] : []),
    ...(lost > 0 ? [`${lost} lost`] : []),
    ...(doubled > 0 ? [`${doubled} doubled`] : []),
    ...(delivered_once < acknowledged - lost - doubled ? ["not all were looked for"] : []),
    ...(SCENARIOS[run.scenario].retries && retried_deliveries === 0 ? ["no delivery was retried"] : []),
  ];
}

export function keep(directory: string, measured: Measured): void {
  mkdirSync(join(directory, FOLDER), { recursive: true });
  writeFileSync(filesOf(directory, measured.scenario).json, `${JSON.stringify(measured, null, 2)}\n`);
  writeFileSync(join(directory, "proof-of-load.md"), render(directory));
}

function render(directory: string): string {
  const runs = SCENARIO_NAMES.flatMap((name): Measured[] => {
    const { json } = filesOf(directory, name);
    return existsSync(json) ? [JSON.parse(readFileSync(json, "utf8")) as Measured] : [];
  });
  const missing = SCENARIO_NAMES.filter((name) => !runs.some(({ scenario }) => scenario === name));
  return [
    HEAD,
    table(
      [
        "scenario",
        "sent",
        "acknowledged",
        "failed",
        "with exactly one effect",
        "lost",
        "doubled",
        "retried deliveries",
        "proven",
      ],
      runs.map((run) => [
        `[${SCENARIOS[run.scenario].title}](#${anchor(SCENARIOS[run.scenario].title)})`,
        ...[run.sent, run.acknowledged, run.failed, run.delivered_once, run.lost, run.doubled].map(whole),
        whole(run.retried_deliveries),
        objections(run).length === 0 ? "yes" : `**no**: ${objections(run).join("; ")}`,
      ]),
    ),
    ...(missing.length > 0 ? [`Not run yet: ${missing.join(", ")}.`] : []),
    ...runs.map((run) => section(directory, run)),
  ]
    .join("\n\n")
    .concat("\n");
}

const HEAD = `# Proof of load

\`npm run load\` writes this file; with names of scenarios it writes one like it below \`reports/load\`, or where \`--report\` says. Each scenario starts the yard as \`npm start\` does, in a fresh data folder, sends it signed submissions with the scripts of
[k6/](../k6/submissions.ts), and then compares what was acknowledged with what the simulated partners recorded: every submission that was answered 202 must have
had exactly one effect.

\`\`\`sh
npm run load                          # all scenarios, in less than 12 minutes
npm run load -- smoke                 # one of smoke, burst, mixed, outage, overload, soak
npm run load -- soak --duration 30m   # longer or shorter: mixed, overload, soak
\`\`\`

Load and yard share the machine. Where k6 is not installed, Node runs the same scripts; each section says what made its load. Compare figures only with those of a
machine that was as busy. One submission in ten is sent once more after its acknowledgement, and must be recognised. The partners are configured to be retried up to
100 times, from 0.1 to 2 s apart, with circuits that open for 2 s, so that a partner that fails for a while exhausts no delivery. The simulator names the last 200,000 deliveries one by one;
a run with more is refused.`;

function section(directory: string, run: Measured): string {
  const { title, shows } = SCENARIOS[run.scenario];
  const { machine } = run;
  const command = ["npm run load --", run.scenario, ...(run.duration ? ["--duration", run.duration] : [])];
  const program = run.program.startsWith("k6") ? run.program : `${run.program}, since k6 was not installed`;
  const html = existsSync(filesOf(directory, run.scenario).html)
    ? ` k6's own report: [${run.scenario}.html](${FOLDER}/${run.scenario}.html).`
    : "";
  return [
    `## ${title}`,
    `${shows}\n\n\`${command.join(" ")}\``,
    `${run.at.slice(0, 16).replace("T", " ")} UTC, revision ${run.revision}, ${machine.cores} cores (${machine.cpu}), ${machine.memory_gib} GiB, load ${machine.load} before the start. Load made by ${program}. Figures: [${run.scenario}.json](${FOLDER}/${run.scenario}.json).${html}`,
    table(
      ["figure", "value"],
      [
        ["submissions sent, each under its own key", whole(run.sent)],
        ["acknowledged with 202", whole(run.acknowledged)],
        ["failed", whole(run.failed)],
        ["answers that the contract does not allow", whole(run.unexpected_answers)],
        ["requests told to come again, which did", whole(run.told_to_come_again)],
        ["repeats recognised as such", whole(run.repeats_recognised)],
        ["acknowledged submissions with exactly one effect", whole(run.delivered_once)],
        ["lost, doubled", `${whole(run.lost)}, ${whole(run.doubled)}`],
        [
          "deliveries that succeeded after a retry (retries)",
          `${whole(run.retried_deliveries)} (${whole(run.retries)})`,
        ],
        ["seconds of load, then until the last delivery", `${run.seconds}, ${run.drained_after_seconds}`],
      ],
    ),
    table(
      ["milliseconds", "min", "median", "p95", "p99", "max"],
      Object.entries(run.times).map(([name, values]) => [
        `\`${name}\``,
        ...["min", "med", "p(95)", "p(99)", "max"].map((statistic) => `${values[statistic] ?? "–"}`),
      ]),
    ),
    table(
      ["threshold", "is"],
      Object.entries(run.thresholds).map(([limit, isMet]) => [`\`${limit}\``, isMet ? "met" : "**missed**"]),
    ),
  ].join("\n\n");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

const whole = (value: number): string => value.toLocaleString("en");
const anchor = (title: string): string => title.toLowerCase().replaceAll(" ", "-");
