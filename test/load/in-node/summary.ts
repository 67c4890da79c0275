// What handleSummary is given, in the shape that k6 has for it, with the thresholds of the script decided.
import type { Options } from "k6/options";
import { type Metric, metrics } from "./k6/metrics.ts";

interface MetricSummary {
  readonly type: Metric["type"];
  readonly values: Readonly<Record<string, number>>;
  readonly thresholds?: Readonly<Record<string, { readonly ok: boolean }>>;
}

export interface Summary {
  readonly metrics: Readonly<Record<string, MetricSummary>>;
  readonly state: { readonly testRunDurationMs: number };
}

export function summarise(
  { thresholds = {}, summaryTrendStats = [] }: Options,
  testRunDurationMs: number,
): Summary {
  const names = new Set([...metrics.keys(), ...Object.keys(thresholds)]);
  const summaries = [...names].map((name): [string, MetricSummary] => {
    const { type, samples } = metricNamed(name);
    const values = type === "counter" ? counted(samples) : measured(samples, summaryTrendStats);
    const limits = (thresholds[name] ?? []).map((limit): [string, { ok: boolean }] => {
      if (typeof limit !== "string") throw new Error(`The threshold of ${name} is no text`);
      return [limit, { ok: isMet(limit, values) }];
    });
    return [name, { type, values, ...(limits.length > 0 && { thresholds: Object.fromEntries(limits) }) }];
  });
  return { metrics: Object.fromEntries(summaries), state: { testRunDurationMs } };
}

/** `answer_ms`, or the part of it that comes from one scenario: `answer_ms{scenario:burst}`. */
function metricNamed(name: string): { readonly type: Metric["type"]; readonly samples: readonly number[] } {
  const [, base = "", scenario] = /^(\w+)(?:\{scenario:(\w+)\})?$/.exec(name) ?? [];
  const metric = metrics.get(base);
  if (metric === undefined) throw new Error(`There is no metric ${name}`);
  const some = metric.samples.filter((sample) => scenario === undefined || sample.scenario === scenario);
  return { type: metric.type, samples: some.map(({ value }) => value) };
}

const counted = (samples: readonly number[]): Record<string, number> => ({
  count: samples.reduce((sum, value) => sum + value, 0),
});

function measured(samples: readonly number[], wanted: readonly string[]): Record<string, number> {
  const sorted = samples.toSorted((a, b) => a - b);
  return Object.fromEntries(wanted.map((name) => [name, statistic(name, sorted)]));
}

function statistic(name: string, sorted: readonly number[]): number {
  if (name === "min") return sorted[0] ?? 0;
  if (name === "max") return sorted.at(-1) ?? 0;
  const percent = name === "med" ? 50 : Number(/^p\(([\d.]+)\)$/.exec(name)?.[1]);
  if (Number.isNaN(percent)) throw new Error(`The statistic ${name} is known only to k6`);
  // Between two values in proportion, as k6 does.
  const at = (percent / 100) * Math.max(0, sorted.length - 1);
  const [below = 0, above = below] = sorted.slice(Math.floor(at), Math.floor(at) + 2);
  return below + (above - below) * (at - Math.floor(at));
}

function isMet(limit: string, values: Readonly<Record<string, number>>): boolean {
  const [, name = "", operator = "", bound] = /^([\w().]+)(<|>|==)([\d.]+)$/.exec(limit) ?? [];
  const value = values[name];
  if (value === undefined) throw new Error(`The threshold ${limit} can be decided only by k6`);
  if (operator === "==") return value === Number(bound);
  return operator === "<" ? value < Number(bound) : value > Number(bound);
}
