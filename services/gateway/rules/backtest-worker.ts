// One back-test: reads the decisions of the log and has them taken once more by threads that decide. It is a thread of its own with a
// connection of its own: whoever ends it ends the back-test.
import { availableParallelism } from "node:os";
import { parentPort, resourceLimits, workerData } from "node:worker_threads";
import { connectEventStore } from "#platform/event-store/event-store.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import { createLog } from "#platform/log.ts";
import { batchOf } from "./backtest-batch.ts";
import { createDeciders } from "./backtest-deciders.ts";
import type { BacktestMessage, BacktestTask } from "./backtest-task.ts";

const PROGRESS_EVERY_MS = 250;
/** Two times of one machine, or of several, may lie in another order than their events. */
const MAX_CLOCK_SKEW_MS = 300_000;
const DECISIONS = ["SubmissionRouted", "SubmissionUnrouted"];

/** Most of the work is theirs. More take the store's cores, and other back-tests'. */
const MAX_DECIDERS = 2;
const { rules, against, from, to, connections } = workerData as BacktestTask;
const { eventstoreUrl, logLevel, instance } = connections;
const tell = (message: BacktestMessage): void => parentPort?.postMessage(message);

const log = createLog({ level: logLevel, name: "backtest", instance });
const eventStore = connectEventStore({ url: eventstoreUrl, log });
const deciders = createDeciders(
  { rules, against, connections },
  { threads: Math.min(MAX_DECIDERS, availableParallelism()), resourceLimits },
);

const isWanted = ({ metadata }: StoredEvent): boolean => {
  if (!(from instanceof Date || to instanceof Date)) return true;
  const at = Date.parse(metadata.at);
  return !(from instanceof Date && at < from.getTime()) && !(to instanceof Date && at > to.getTime());
};
const isPast = ({ metadata }: StoredEvent): boolean =>
  to instanceof Date && Date.parse(metadata.at) > to.getTime() + MAX_CLOCK_SKEW_MS;

const head = await eventStore.head();
const first = typeof from === "bigint" && from > 0n ? from - 1n : 0n;
const last = typeof to === "bigint" && to < head ? to : head;
const total = Number(last - first);
tell({ progress: { done: 0, total: Math.max(0, total) } });
let told = performance.now();
let number = 0;

for await (const { events, position } of eventStore.scan({
  types: DECISIONS,
  from: first,
  to: last,
  signal: new AbortController().signal,
})) {
  const wanted = events.filter(isWanted);
  if (wanted.length > 0) await deciders.take(batchOf(number++, wanted));
  const newest = events.at(-1);
  if (newest !== undefined && isPast(newest)) break;
  if (performance.now() - told < PROGRESS_EVERY_MS) continue;
  told = performance.now();
  tell({ progress: { done: Number(position - first), total } });
}
const result = await deciders.result();
tell({ progress: { done: Math.max(0, total), total: Math.max(0, total) } });
tell({ result });
await eventStore.close();
process.exit();
