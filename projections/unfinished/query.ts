// Which event is still owed to whom: what the reconciler compares with what is waiting in the mailboxes.
import type { Database } from "#platform/database.ts";

export interface Unfinished {
  readonly submission_id: string;
  readonly mailbox: "lead" | "partner";
  readonly partner?: string;
  /** Where the owed event stands. */
  readonly stream: string;
  readonly revision: bigint;
  readonly position: bigint;
  readonly since: Date;
}

export interface UnfinishedQueries {
  /** In the order of the log; `after` is the position of the last one seen. */
  list(filter: {
    readonly olderThan: Date;
    readonly limit: number;
    readonly after?: bigint;
  }): Promise<Unfinished[]>;
  /** How far into the log this list reaches; 0 before anything. */
  checkpoint(): Promise<bigint>;
}

export function createUnfinishedQueries(_parts: { readonly database: Database }): UnfinishedQueries {
  throw new Error("not yet");
}
