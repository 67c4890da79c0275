// What the threads of a back-test are told, and what they tell.
import type { Rule } from "#domain/rules/rule.ts";
import type { ComparisonResult } from "#domain/submission/comparison.ts";
import type { Connections } from "#platform/connections.ts";

export interface BacktestTask {
  readonly rules: readonly Rule[];
  /** The rules in force, where the draft is held against them and not against what they were then. */
  readonly against: readonly Rule[] | undefined;
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

/** What a thread that decides made of a batch. */
export interface Counted {
  /** Of the batch. */
  readonly number: number;
  readonly counted: ComparisonResult;
}
