import { setTimeout as pause } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createLog } from "#platform/log.ts";
import { createMetrics, type Metrics } from "#platform/metrics.ts";
import { serveFigures } from "#platform/workers/figures.ts";
import { type AllFigures, gatherFigures } from "./all-figures.ts";
import type { Worker, Workers } from "./workers.ts";

const test = suite("Figures of all processes");
const log = createLog({ level: "silent", name: "test", instance: "test" });

type OnNews = (data: Uint8Array, subject: string) => void;

function createBus() {
  const listeners = new Map<string, Set<OnNews>>();
  return {
    connected: true,
    subjects: () => [...listeners.keys()],
    broadcast(subject: string, data: Uint8Array): void {
      for (const onNews of listeners.get(subject) ?? []) onNews(data, subject);
    },
    listen(subject: string, onNews: OnNews) {
      const those = listeners.get(subject) ?? new Set();
      listeners.set(subject, those.add(onNews));
      return { close: async () => void those.delete(onNews) };
    },
  };
}

interface Stage {
  readonly bus: ReturnType<typeof createBus>;
  readonly own: Metrics;
  readonly listed: Worker[];
  readonly figures: AllFigures;
  process(instance: string, began?: number): { readonly metrics: Metrics; end(): Promise<void> };
}

/** Where all reply it takes no longer than that. */
function stage(withinMs = 30_000): Stage {
  const bus = createBus();
  const own = createMetrics();
  const listed: Worker[] = [];
  const begun = new Map<string, number>();
  const names = (workers: readonly Worker[]): Set<string> => new Set(workers.map(({ instance }) => instance));
  const workers: Workers = {
    list: () => listed,
    reachable: () => names(listed.filter(({ state }) => state === "running")),
    instances: () => names(listed),
    restarts: (role) => (role === "leads" ? 2 : 0),
    began: (instance) => begun.get(instance),
    close: async () => undefined,
  };
  return {
    bus,
    own,
    listed,
    figures: gatherFigures({ bus, workers, metrics: own, instance: "gateway", withinMs }),
    process(instance, began = 1) {
      const metrics = createMetrics();
      begun.set(instance, began);
      const serving = serveFigures({ bus, instance, began, metrics, log });
      return { metrics, end: serving.close };
    },
  };
}

const worker = (instance: string, state: Worker["state"] = "running"): Worker => ({
  role: "leads",
  instance,
  state,
  since: "",
  restarts: 0,
  last_heartbeat: "",
});

const value = (text: string, series: string): number | undefined => {
  const line = text.split("\n").find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
};

test("counters and histograms are added up, a gauge is taken from who knows it", async () => {
  const { own, listed, figures, process } = stage();
  const [a, b] = [process("a"), process("b")];
  listed.push(worker("a"), worker("b"));
  own.retriesTotal.inc({ stage: "route" });
  a.metrics.retriesTotal.inc({ stage: "route" }, 2);
  b.metrics.retriesTotal.inc({ stage: "deliver" });
  a.metrics.stageSeconds.observe({ stage: "route" }, 0.02);
  b.metrics.stageSeconds.observe({ stage: "route" }, 0.3);
  b.metrics.circuitState.set({ partner: "edu" }, 2);
  a.metrics.relayLagEvents.set(7);
  b.metrics.relayLagEvents.set(0);
  const text = await figures();
  assert.is(value(text, 'switchyard_retries_total{stage="route"}'), 3);
  assert.is(value(text, 'switchyard_retries_total{stage="deliver"}'), 1);
  assert.is(value(text, 'switchyard_stage_seconds_count{stage="route"}'), 2);
  assert.is(value(text, 'switchyard_stage_seconds_bucket{le="0.025",stage="route"}'), 1);
  assert.is(value(text, 'switchyard_stage_seconds_bucket{le="+Inf",stage="route"}'), 2);
  assert.is(value(text, 'switchyard_circuit_state{partner="edu"}'), 2);
  assert.is(value(text, "switchyard_relay_lag_events"), 7);
  assert.ok((value(text, "switchyard_event_loop_lag_seconds") ?? -1) >= 0);
});

test("what is a process's own is told apart by its name", async () => {
  const { listed, figures, process } = stage();
  process("a");
  listed.push(worker("a"));
  const text = await figures();
  for (const name of ["gateway", "a"]) {
    assert.ok((value(text, `process_resident_memory_bytes{process="${name}"}`) ?? 0) > 0);
    assert.ok((value(text, `process_start_time_seconds{process="${name}"}`) ?? 0) > 0);
    assert.ok((value(text, `nodejs_eventloop_lag_max_seconds{process="${name}"}`) ?? -1) >= 0);
  }
  assert.not.match(text, /NaN|null|undefined/);
});

test("a counter does not fall when a process is replaced, is silent, or leaves", async () => {
  const { listed, figures, process } = stage();
  const series = 'switchyard_retries_total{stage="route"}';
  const first = process("a");
  listed.push(worker("a"));
  first.metrics.retriesTotal.inc({ stage: "route" }, 5);
  first.metrics.circuitState.set({ partner: "edu" }, 2);
  assert.is(value(await figures(), series), 5);

  await first.end();
  listed.splice(0, 1, worker("a", "lost"));
  const silent = await figures();
  assert.is(value(silent, series), 5);
  assert.is(value(silent, 'switchyard_circuit_state{partner="edu"}'), undefined);
  assert.is(value(silent, 'process_resident_memory_bytes{process="a"}'), undefined);

  const second = process("a", 2);
  listed.splice(0, 1, worker("a"));
  second.metrics.retriesTotal.inc({ stage: "route" });
  assert.is(value(await figures(), series), 6);

  await second.end();
  listed.length = 0;
  assert.is(value(await figures(), series), 6);
  assert.is(value(await figures(), series), 6);
});

test("a process that was started again is counted, though the clock was set back meanwhile", async () => {
  const { listed, figures, process } = stage();
  const series = 'switchyard_retries_total{stage="route"}';
  const first = process("a", 9);
  listed.push(worker("a"));
  first.metrics.retriesTotal.inc({ stage: "route" }, 5);
  assert.is(value(await figures(), series), 5);
  await first.end();
  const second = process("a", 3);
  second.metrics.retriesTotal.inc({ stage: "route" });
  assert.is(value(await figures(), series), 6);
  assert.is(value(await figures(), series), 6);
});

test("who does not reply in time holds nobody up", async () => {
  const { own, listed, figures } = stage(50);
  listed.push(worker("frozen"));
  own.retriesTotal.inc({ stage: "route" });
  const done = figures();
  assert.is(
    await Promise.race([done.then(() => "replied"), pause(5_000, "late", { ref: false })]),
    "replied",
  );
  assert.is(value(await done, 'switchyard_retries_total{stage="route"}'), 1);
});

test("what is no message of ours ends nobody", async () => {
  const { bus, listed, figures, process } = stage();
  process("a");
  listed.push(worker("a"));
  for (const odd of ["", "{", "null", "[]", '{"id":1}'])
    for (const subject of bus.subjects()) bus.broadcast(subject, Buffer.from(odd));
  assert.match(await figures(), /process_resident_memory_bytes\{process="a"\}/);
});

test("every role that a yard needs is up or down, with its restarts; the simulator where it is", async () => {
  const { listed, figures } = stage(10);
  listed.push(worker("a"), { ...worker("b"), role: "relay", state: "lost" });
  const text = await figures();
  assert.is(value(text, 'switchyard_worker_up{role="leads"}'), 1);
  assert.is(value(text, 'switchyard_worker_up{role="relay"}'), 0);
  assert.is(value(text, 'switchyard_worker_up{role="timers"}'), 0);
  assert.is(value(text, 'switchyard_worker_up{role="simulator"}'), undefined);
  assert.is(value(text, 'switchyard_worker_restarts_total{role="leads"}'), 2);
  assert.is(value(text, 'switchyard_worker_restarts_total{role="timers"}'), 0);
  assert.is(text.split("# TYPE switchyard_worker_up ").length, 2);
});

test.run();
