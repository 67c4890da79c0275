// Takes decisions of the log once more, batch after batch, for one back-test: in a thread of its own with connections of its own.
import { parentPort, workerData } from "node:worker_threads";
import { compileRules, loadRules } from "#domain/rules/compile/compile.ts";
import { Comparison, type ComparisonResult } from "#domain/submission/comparison.ts";
import { submissionEvents } from "#domain/submission/events.ts";
import {
  decideAgain,
  type PastDecision,
  pastDecision,
  plainDecision,
} from "#domain/submission/past-decision.ts";
import { connectDatabase } from "#platform/database.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import { connectEventStore } from "#platform/event-store/event-store.ts";
import { decodeOrPassOver } from "#platform/event-store/pass-over.ts";
import { keptMasterKeys } from "#platform/kept-master-key.ts";
import { createLog } from "#platform/log.ts";
import { openVault } from "#platform/vault/vault.ts";
import { recordedFacts } from "#projections/recorded-facts.ts";
import { type Batch, type BatchedEvent, eventsIn } from "./backtest-batch.ts";
import type { BacktestTask, Counted } from "./backtest-task.ts";

const { rules, against, connections } = workerData as Pick<BacktestTask, "rules" | "against" | "connections">;
const { eventstoreUrl, databaseUrl, dataDir, readableMasterKeys, logLevel, instance } = connections;

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
const decide = loadRules(compileRules(rules).source, rules);
const decideNow = against && loadRules(compileRules(against).source, against);

const codec = createCodec(submissionEvents);

/** Undefined where it is no decision, or can't be read. */
function decisionIn(event: BatchedEvent): PastDecision | undefined {
  const plain = plainDecision(event);
  if (plain !== undefined) return plain;
  const decoded = decodeOrPassOver(codec, event, () => undefined);
  return decoded?.known ? pastDecision(decoded.event, event.at) : undefined;
}

async function counted(batch: Batch): Promise<ComparisonResult> {
  const decisions: PastDecision[] = [];
  for (const event of eventsIn(batch)) {
    const decision = decisionIn(event);
    if (decision !== undefined) decisions.push(decision);
  }
  const facts = await recordedFacts(decisions, { eventStore, vault });
  const comparison = new Comparison();
  for (const [n, decision] of decisions.entries()) {
    const its = facts[n];
    if (its === undefined) comparison.addUnreadable();
    else if (decideNow === undefined) comparison.add(decision, decideAgain(decide, decision, its));
    else
      comparison.addAgainst(
        decision,
        decideAgain(decideNow, decision, its),
        decideAgain(decide, decision, its),
      );
  }
  return comparison.result();
}

// What fails here ends the thread, and with that the back-test.
parentPort?.on("message", async ({ batch }: { readonly batch?: Batch }) => {
  if (batch === undefined) {
    await Promise.all([eventStore.close(), database.close()]);
    process.exit();
  }
  const message: Counted = { number: batch.number, counted: await counted(batch) };
  parentPort?.postMessage(message);
});
