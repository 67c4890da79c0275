// The results as a document: a table by step, a table of pages, and a plot of each family of figures.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { shownMachine } from "../docs/machine.ts";
import { linePlot, type Series } from "../docs/plot.ts";
import { markdownTable, writeJson, writeSection } from "../docs/section.ts";
import { fixed, whole } from "../pipeline/report.ts";
import type { ByProcess, Chunk, Results, Step } from "./results.ts";
import { sumOf } from "./results.ts";

/** Of the sum. */
const SMALLEST_SHOWN = 0.02;
const MAX_LINES = 6;
/** Of the disk, in bytes. */
const SMALLEST_PART = 1e6;

export function report(results: Results, out: string): void {
  const folder = join(out, "growth");
  mkdirSync(folder, { recursive: true });
  writeJson(join(folder, "results.json"), results);
  for (const [name, svg] of Object.entries(plotsOf(results))) writeFileSync(join(folder, name), svg);
  writeSection(join(out, "growth.md"), "results", sectionOf(results));
}

/** By file name. */
export function plotsOf({ chunks, steps }: Results): Readonly<Record<string, string>> {
  const largest = Math.max(0, ...[...chunks, ...steps].map(({ submissions }) => submissions));
  const [unit, of] = largest >= 1e6 ? ["million submissions", 1e6] : ["thousand submissions", 1e3];
  const plot = (title: string, yLabel: string, series: readonly Series[]): string =>
    linePlot({ title, xLabel: `${unit} in the yard`, yLabel, series });
  type At = { readonly submissions: number };
  const line = <Of extends At>(name: string, all: readonly Of[], figure: (one: Of) => number): Series => ({
    name,
    points: all.map((one) => [one.submissions / of, figure(one)]),
  });
  const lines = <Of extends At>(all: readonly Of[], figures: (one: Of) => ByProcess): Series[] =>
    shownNames(all.map(figures)).map((name) => line(name, all, (one) => figures(one)[name] ?? Number.NaN));
  const total = <Of extends At>(all: readonly Of[], figures: (one: Of) => ByProcess): Series =>
    line("all", all, (one) => sumOf(figures(one)));
  const pages = [...new Set(steps.flatMap((one) => Object.keys(one.pages)))];
  const cpu = (one: Chunk): ByProcess => one.cpu_s_per_1000;
  const ms = (which: "p50" | "p99"): Series[] =>
    pages.map((name) => line(name, steps, (one) => one.pages[name]?.[which] ?? Number.NaN));
  return {
    "cost.svg": plot("What a submission costs", "CPU s per 1,000", [
      total(chunks, cpu),
      ...lines(chunks, cpu),
    ]),
    "throughput.svg": plot("Submissions a second", "per second", [
      line("accepted", chunks, (one) => one.accepted_per_second),
      line("delivered", chunks, (one) => one.end_to_end_per_second),
    ]),
    "times.svg": plot("Start and takeover", "seconds", [
      line("start", steps, (one) => one.start_s),
      line("takeover after kill -9", steps, (one) => one.takeover_s),
    ]),
    "memory.svg": plot("Memory (idle; dashed: busy)", "MB (PSS)", [
      total(steps, (one) => one.memory_idle),
      { ...total(steps, (one) => one.memory_busy), name: "all, busy", dashed: true },
      ...lines(steps, (one) => one.memory_idle),
    ]),
    "disk.svg": plot("The disk", "GB", [total(steps, gigabytes), ...lines(steps, gigabytes)]),
    "pages-p50.svg": plot("Pages: half of the responses take less", "ms", ms("p50")),
    "pages-p99.svg": plot("Pages: 99 of 100 responses take less", "ms", ms("p99")),
  };
}

const gigabytes = ({ disk }: Step): ByProcess =>
  Object.fromEntries(Object.entries(disk).map(([name, bytes]) => [name, bytes / 1e9]));

/** Those that can be told from nothing in a plot, the largest first. */
function shownNames(all: readonly ByProcess[]): string[] {
  const last = all.at(-1) ?? {};
  return Object.entries(last)
    .filter(([, value]) => value >= SMALLEST_SHOWN * sumOf(last))
    .sort(([, a], [, b]) => b - a)
    .slice(0, MAX_LINES)
    .map(([name]) => name);
}

export function sectionOf(results: Results): string {
  const { machine, wanted, chunks, steps, exact } = results;
  const reached = chunks.at(-1)?.submissions ?? 0;
  const image = (name: string, what: string): string => `![${what}](growth/${name}.svg)`;
  return [
    `${shownMachine(machine)} ${whole(reached)} of ${whole(wanted)} submissions; ` +
      `${exact ? "none lost, doubled, misrouted or misread" : "**some were lost, doubled, misrouted or misread**"}.`,
    stepTable(results),
    image("cost", "CPU seconds per 1,000 submissions by process"),
    image("throughput", "accepted and delivered submissions a second"),
    image("times", "seconds of a start and of a takeover"),
    image("memory", "resident memory by process"),
    "### The disk",
    diskTable(steps),
    image("disk", "gigabytes by part"),
    "### Pages",
    pageTable(steps),
    image("pages-p50", "medians of the pages"),
    image("pages-p99", "99th percentiles of the pages"),
  ].join("\n\n");
}

function stepTable({ chunks, steps }: Results): string {
  const rows = steps.map((step, n) => {
    const after = steps[n - 1]?.submissions ?? 0;
    const own = chunks.filter(({ submissions: at }) => at > after && at <= step.submissions);
    const count = own.reduce((sum, { accepted }) => sum + accepted, 0);
    const cpu = own.reduce((sum, one) => sum + sumOf(one.cpu_s_per_1000) * one.accepted, 0) / count;
    const rate = (of: (one: Chunk) => number): number =>
      count / own.reduce((seconds, one) => seconds + one.accepted / of(one), 0);
    return [
      whole(step.submissions),
      fixed(cpu, 2),
      whole(rate((one) => one.accepted_per_second)),
      whole(rate((one) => one.end_to_end_per_second)),
      fixed(step.start_s),
      fixed(step.takeover_s),
      `${whole(sumOf(step.memory_idle))} / ${whole(sumOf(step.memory_busy))}`,
      fixed(sumOf(step.disk) / 1e9, 2),
    ];
  });
  const head = ["submissions", "CPU s per 1,000", "accepted/s", "delivered/s", "start s", "takeover s"];
  return markdownTable([[...head, "MB idle / busy", "disk GB"], ...rows]);
}

function diskTable(steps: readonly Step[]): string {
  const [first, last] = [steps[0], steps.at(-1)];
  if (first === undefined || last === undefined) return "";
  const more = last.submissions - first.submissions;
  const each = (of: (step: Step) => number): number =>
    more === 0 ? of(last) / last.submissions : (of(last) - of(first)) / more;
  const row = (name: string, of: (step: Step) => number): string[] => [
    name,
    whole(of(last) / 1e6),
    whole(each(of)),
  ];
  const names = Object.keys(last.disk).toSorted((a, b) => (last.disk[b] ?? 0) - (last.disk[a] ?? 0));
  const [shown, small] = [true, false].map((isShown) =>
    names.filter((name) => (last.disk[name] ?? 0) >= SMALLEST_PART === isShown),
  ) as [string[], string[]];
  return markdownTable([
    ["part", "MB at the end", "bytes for each further submission"],
    ...shown.map((name) => row(name, ({ disk }) => disk[name] ?? 0)),
    row("other read models", ({ disk }) => small.reduce((sum, name) => sum + (disk[name] ?? 0), 0)),
    row("all", ({ disk }) => sumOf(disk)),
  ]);
}

function pageTable(steps: readonly Step[]): string {
  const [first, last] = [steps[0], steps.at(-1)];
  if (first === undefined || last === undefined) return "";
  const both = (step: Step, name: string): string =>
    `${fixed(step.pages[name]?.p50 ?? Number.NaN)} / ${fixed(step.pages[name]?.p99 ?? Number.NaN)}`;
  const shown = first === last ? [last] : [first, last];
  const rows = Object.keys(last.pages).map((name) => [name, ...shown.map((step) => both(step, name))]);
  const at = (step: Step): string => `at ${whole(step.submissions)}: p50 / p99 ms`;
  return markdownTable([["page", ...shown.map(at)], ...rows]);
}
