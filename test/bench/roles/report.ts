// The results as a section of docs/capacity.md.
import { join } from "node:path";
import { shownMachine } from "../docs/machine.ts";
import { markdownTable, writeJson, writeSection } from "../docs/section.ts";
import { fixed, whole } from "../pipeline/report.ts";
import { type Cost, capacityAt, PLANNED } from "./capacity.ts";
import type { RolesResults } from "./measure.ts";
import type { Measurement } from "./window.ts";

const PARTS = ["event store", "PostgreSQL", "NATS"];
/** One works at a time in a yard, whatever their number; projections, because the largest read model has one writer. */
const ALONE = new Set(["relay", "identity", "projections", "event store"]);
/** Not every submission needs it. */
const PER_DUE_DELIVERY = "timers";
const HOURS = 8;

const RATES: readonly (readonly [string, number])[] = [
  [`100,000 in ${HOURS} hours`, 100_000 / (HOURS * 3_600)],
  ["1,000 a second", 1_000],
  ["10,000 a second", 10_000],
];

export function report(results: RolesResults, out: string): void {
  writeJson(join(out, "capacity", "roles.json"), results);
  writeSection(join(out, "capacity.md"), "roles", sectionOf(results));
}

export function sectionOf({ machine, submissions, measurements }: RolesResults): string {
  const pinned = measurements.filter((one) => one.pinned);
  return [
    `${shownMachine(machine)} ${whole(submissions)} submissions in each pass; measured after the first 40 %.`,
    "### One core of each role",
    oneCoreTable(pinned),
    ...(measurements.length > pinned.length
      ? ["### Two and four processes", processTable(measurements)]
      : []),
    "### What a rate takes",
    capacityTable(pinned, machine.cores),
  ].join("\n\n");
}

/** With few submissions it may be less than what a process is billed in. */
const perCpuSecond = (cpuPer1000: number): number => (cpuPer1000 > 0 ? 1_000 / cpuPer1000 : Number.NaN);

function oneCoreTable(pinned: readonly Measurement[]): string {
  const rows = pinned.map((one) => [
    one.role,
    whole(one.per_second),
    whole(perCpuSecond(one.cpu_s_per_1000)),
    fixed(one.cpu_s_per_1000, 2),
    ...PARTS.map((part) => fixed(one.others_cpu_s_per_1000[part] ?? 0, 2)),
    fixed(one.busiest * 100, 0),
    one.binds,
  ]);
  const head = [
    "role",
    "per second",
    "per CPU second",
    "CPU s per 1,000",
    ...PARTS,
    "% of its core",
    "what binds",
  ];
  return markdownTable([head, ...rows]);
}

function processTable(measurements: readonly Measurement[]): string {
  const free = measurements.filter((one) => !one.pinned);
  const counts = [...new Set(free.map(({ processes }) => processes))].toSorted((a, b) => a - b);
  const roles = [...new Set(free.map(({ role }) => role))];
  const rows = roles.map((role) => {
    const of = (processes: number): Measurement | undefined =>
      free.find((one) => one.role === role && one.processes === processes);
    const one = of(counts[0] ?? 1);
    const cells = counts.map((processes) => {
      const found = of(processes);
      if (found === undefined || one === undefined) return "–";
      const ratio = processes === one.processes ? "" : ` (${fixed(found.per_second / one.per_second, 2)} ×)`;
      return `${whole(found.per_second)}${ratio}`;
    });
    const cpu = counts.map((processes) => fixed(of(processes)?.cpu_s_per_1000 ?? Number.NaN, 2)).join(" / ");
    return [role, ...cells, cpu, of(counts.at(-1) ?? 1)?.binds ?? ""];
  });
  const head = counts.map((count) => `${count} ${count === 1 ? "process" : "processes"}, per second`);
  const most = `what binds ${counts.at(-1)}`;
  return markdownTable([["role", ...head, `CPU s per 1,000 (${counts.join(" / ")})`, most], ...rows]);
}

/** Of each role that every submission passes, and of the parts for all roles together. */
export function costsOf(pinned: readonly Measurement[]): Cost[] {
  const roles = pinned.filter(({ role }) => role !== PER_DUE_DELIVERY);
  const costOf = (name: string, cpuPer1000: number): Cost => ({
    name,
    cpuPer1000,
    ...(ALONE.has(name) && cpuPer1000 > 0 && { perSecondAlone: perCpuSecond(cpuPer1000) }),
  });
  const ofParts = PARTS.map((part) =>
    costOf(
      part,
      roles.reduce((sum, one) => sum + (one.others_cpu_s_per_1000[part] ?? 0), 0),
    ),
  );
  return [...roles.map((one) => costOf(one.role, one.cpu_s_per_1000)), ...ofParts];
}

function capacityTable(pinned: readonly Measurement[], machineCores: number): string {
  const costs = costsOf(pinned);
  const all = RATES.map(([what, rate]) => ({ what, ...capacityAt(rate, costs) }));
  const row = (what: string, cell: (one: (typeof all)[number]) => string): string[] => [
    what,
    ...all.map(cell),
  ];
  const cores = (value: number): string => fixed(value, value < 0.1 ? 3 : 1);
  return [
    markdownTable([
      row("", ({ what }) => what),
      row("cells", ({ cells }) => whole(cells)),
      row("a second in each", ({ perCell }) => whole(perCell)),
      ...costs.map(({ name }) => row(`busy cores in each: ${name}`, (one) => cores(one.cores[name] ?? 0))),
      row(`cores of all cells, ${PLANNED * 100} % busy`, ({ allCores }) => whole(allCores)),
      row("used of what a cell can do", ({ usedOfCell, bound }) => `${fixed(usedOfCell * 100)} % (${bound})`),
      row("is", ({ allCores }) => (allCores <= machineCores ? "carried by this machine" : "calculated")),
    ]),
  ].join("\n");
}
