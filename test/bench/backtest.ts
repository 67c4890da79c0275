// `npm run bench -- backtest [--n <submissions>]`: a back-test of a thousand rules over a history on a real event store, each submission of
// another person, asked for over HTTP as a user does; and what it does to the gateway beside it.
import { loadavg } from "node:os";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { startParts, startTestGateway } from "../gateway/gateway.ts";
import { appendHistory } from "../rules/history.ts";
import { type ProcessTree, usagesBetween, usagesOf } from "./pipeline/processes.ts";
import { manyRules, manySubmissions } from "./rules/sets.ts";

const MILLION = 1_000_000;
const RULES = 1_000;
/** Of each submission: received, identified, routed. */
const EVENTS_EACH = 3;

export async function run(options: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...options],
    options: { n: { type: "string", default: "300000" } },
  });
  const count = Number(values.n);
  const payloads = manySubmissions(5_000);
  const parts = await startParts();
  const yard = await startTestGateway(parts);
  const processes: ProcessTree[] = [
    { name: "gateway", pid: process.pid, rootOnly: true },
    { name: "event store", pid: parts.eventStore.pid },
    { name: "PostgreSQL", pid: parts.postgres.pid },
  ];
  try {
    const filling = performance.now();
    await appendHistory(yard, "bench", count, (n) => ({
      payload: payloads[n % payloads.length] as Record<string, unknown>,
      partner: `p${n % 10}`,
      looked_up: { person: { lead_count: 1 } },
    }));
    console.log(
      `${count.toLocaleString("en")} submissions of as many people, ${EVENTS_EACH} events each, appended in ` +
        `${secondsSince(filling).toFixed(0)} s; load of the machine ${loadavg()[0]?.toFixed(1)}`,
    );
    const delay = monitorEventLoopDelay({ resolution: 5 });
    const rss = process.memoryUsage().rss;
    let highest = rss;
    const watching = setInterval(() => {
      highest = Math.max(highest, process.memoryUsage().rss);
    }, 100);
    delay.enable();
    const before = usagesOf(processes);
    const began = performance.now();
    const { text } = await yard.admin("POST", "/api/rules/backtest", { rules: manyRules(RULES) });
    const seconds = secondsSince(began);
    const used = usagesBetween(before, usagesOf(processes));
    delay.disable();
    clearInterval(watching);
    const { result } = JSON.parse(text.trimEnd().split("\n").at(-1) ?? "");
    if (result?.total !== count) throw new Error(`the back-test says ${text.slice(-500)}`);
    const forMillion = (spent: number): string => ((spent * MILLION) / count).toFixed(0);
    console.log(
      `back-test of ${RULES.toLocaleString("en")} rules in ${seconds.toFixed(1)} s, ` +
        `${Math.round(count / seconds).toLocaleString("en")} submissions/s: a million in ${forMillion(seconds)} s (wanted: < 60)`,
    );
    let sum = 0;
    for (const [name, { user, system }] of used) {
      sum += user + system;
      console.log(
        `${name.padEnd(12)} ${(user + system).toFixed(1).padStart(6)} CPU s, ${forMillion(user + system).padStart(3)} for a million`,
      );
    }
    console.log(
      `${"all".padEnd(12)} ${sum.toFixed(1).padStart(6)} CPU s, ${forMillion(sum).padStart(3)} for a million`,
    );
    console.log(
      `beside it the gateway's event loop was late by ${(delay.percentile(99) / 1e6).toFixed(0)} ms (p99), ` +
        `and its process grew by ${((highest - rss) / 1e6).toFixed(0)} MB`,
    );
  } finally {
    await yard.stop();
    await parts.stop();
  }
}

const secondsSince = (began: number): number => (performance.now() - began) / 1_000;
