// One back-test, in a thread of its own with connections of its own: whoever ends the thread ends the back-test.
import { parentPort, workerData } from "node:worker_threads";
import { compileRules, loadRules } from "#domain/rules/compile/compile.ts";
import type { Rule } from "#domain/rules/rule.ts";
import { Comparison, type ComparisonResult } from "#domain/submission/comparison.ts";
import { submissionEvents } from "#domain/submission/events.ts";
import { decideAgain, type PastDecision, pastDecision } from "#domain/submission/past-decision.ts";
import type { Connections } from "#platform/connections.ts";
import { connectDatabase } from "#platform/database.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import { connectEventStore } from "#platform/event-store/event-store.ts";
import { decodeOrPassOver } from "#platform/event-store/pass-over.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import { keptMasterKeys } from "#platform/kept-master-key.ts";
import { createLog } from "#platform/log.ts";
import { openVault } from "#platform/vault/vault.ts";
import { recordedFacts } from "#projections/recorded-facts.ts";

export interface BacktestTask {
  readonly rules: readonly Rule[];
  /** Decisions at or after it, and at or before the other one: a time, or a position of the log. */
  readonly from: Date | bigint | undefined;
  readonly to: Date | bigint | undefined;
  readonly connections: BacktestConnections;
}

export type BacktestConnections = Pick<
  Connections,
  "eventstoreUrl" | "databaseUrl" | "dataDir" | "masterKey" | "readableMasterKeys" | "logLevel" | "instance"
>;

/** Positions of the log, from the first that is read to the last. */
export interface Progress {
  readonly done: number;
  readonly total: number;
}

export type BacktestMessage = { readonly progress: Progress } | { readonly result: ComparisonResult };

const PROGRESS_EVERY_MS = 250;
/** Two times of one machine, or of several, may lie in another order than their events. */
const MAX_CLOCK_SKEW_MS = 300_000;
const DECISIONS = ["SubmissionRouted", "SubmissionUnrouted"];

const { rules, from, to, connections } = workerData as BacktestTask;
const { eventstoreUrl, databaseUrl, dataDir, readableMasterKeys, logLevel, instance } = connections;
const tell = (message: BacktestMessage): void => parentPort?.postMessage(message);

const log = createLog({ level: logLevel, name: "backtest", instance });
const eventStore = connectEventStore({ url: eventstoreUrl, log });
const database = connectDatabase({ url: databaseUrl, log, max: 2 });
const vault = await openVault({
  database,
  // A buffer comes as plain bytes from another thread.
  masterKey: Buffer.from(connections.masterKey),
  readableMasterKeys: readableMasterKeys.map((key) => Buffer.from(key)),
  furtherMasterKeys: () => keptMasterKeys(dataDir),
  log,
});
const codec = createCodec(submissionEvents);
const decide = loadRules(compileRules(rules).source, rules);

/** Undefined where it is no decision, can't be read, or is of another time. */
function decisionIn(stored: StoredEvent): PastDecision | undefined {
  const at = Date.parse(stored.metadata.at);
  if ((from instanceof Date && at < from.getTime()) || (to instanceof Date && at > to.getTime()))
    return undefined;
  const decoded = decodeOrPassOver(codec, stored, () => undefined);
  return decoded?.known ? pastDecision(decoded.event, stored.metadata.at) : undefined;
}

const isPast = ({ metadata }: StoredEvent): boolean =>
  to instanceof Date && Date.parse(metadata.at) > to.getTime() + MAX_CLOCK_SKEW_MS;

const comparison = new Comparison();
const head = await eventStore.head();
const first = typeof from === "bigint" && from > 0n ? from - 1n : 0n;
const last = typeof to === "bigint" && to < head ? to : head;
const total = Number(last - first);
tell({ progress: { done: 0, total: Math.max(0, total) } });
let told = performance.now();

for await (const { events, position } of eventStore.scan({
  types: DECISIONS,
  from: first,
  to: last,
  signal: new AbortController().signal,
})) {
  const decisions = events.map(decisionIn).filter((one) => one !== undefined);
  const facts = await recordedFacts(decisions, { eventStore, vault });
  for (const [n, decision] of decisions.entries()) {
    const its = facts[n];
    if (its === undefined) comparison.addUnreadable();
    else comparison.add(decision, decideAgain(decide, decision, its));
  }
  const newest = events.at(-1);
  if (newest !== undefined && isPast(newest)) break;
  if (performance.now() - told < PROGRESS_EVERY_MS) continue;
  told = performance.now();
  tell({ progress: { done: Number(position - first), total } });
}
tell({ progress: { done: Math.max(0, total), total: Math.max(0, total) } });
tell({ result: comparison.result() });
await Promise.all([eventStore.close(), database.close()]);
process.exit();
