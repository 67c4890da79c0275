// `npm run bench -- rules-backtest [--submissions <count>]`: a back-test of a thousand rules over a history on a real event store, each
// submission of another person, and what it does to the gateway beside it.
import { monitorEventLoopDelay } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { startParts, startTestGateway } from "../gateway/gateway.ts";
import { appendHistory } from "../rules/history.ts";
import { manyRules, manySubmissions } from "./rules/sets.ts";

const MILLION = 1_000_000;

export async function run(options: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...options],
    options: { submissions: { type: "string", default: "100000" } },
  });
  const count = Number(values.submissions);
  const payloads = manySubmissions(5_000);
  const parts = await startParts();
  const yard = await startTestGateway(parts);
  try {
    const filling = performance.now();
    await appendHistory(yard, "bench", count, (n) => ({
      payload: payloads[n % payloads.length] as Record<string, unknown>,
      partner: `p${n % 10}`,
      looked_up: { person: { lead_count: 1 } },
    }));
    const filled = (performance.now() - filling) / 1_000;
    console.log(
      `${count.toLocaleString("en")} submissions, 4 events each, appended in ${filled.toFixed(0)} s`,
    );
    const delay = monitorEventLoopDelay({ resolution: 5 });
    const rss = process.memoryUsage().rss;
    let highest = rss;
    const watching = setInterval(() => {
      highest = Math.max(highest, process.memoryUsage().rss);
    }, 100);
    delay.enable();
    const began = performance.now();
    const cpuBefore = process.cpuUsage();
    const { text } = await yard.admin("POST", "/api/rules/backtest", { rules: manyRules(1_000) });
    const seconds = (performance.now() - began) / 1_000;
    const cpu = process.cpuUsage(cpuBefore);
    delay.disable();
    clearInterval(watching);
    const { result } = JSON.parse(text.trimEnd().split("\n").at(-1) ?? "");
    if (result?.total !== count) throw new Error(`the back-test says ${text.slice(-500)}`);
    console.log(
      `back-test in ${seconds.toFixed(1)} s, ${Math.round(count / seconds).toLocaleString("en")} decisions/s: ` +
        `a million in ${((seconds * MILLION) / count).toFixed(0)} s (wanted: < 60)`,
    );
    const cpuSeconds = (cpu.user + cpu.system) / 1e6;
    console.log(
      `${cpuSeconds.toFixed(1)} CPU s of the gateway's process, ${((cpuSeconds * MILLION) / count).toFixed(0)} for a million`,
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
