// Writers that come in the same turn of the event loop share one transaction, and so one fsync.
//
// 1. A write resolves only once its transaction is on disk; if the transaction fails, all its writes reject.
// 2. Readers and subscribers see nothing of a transaction before that.
// 3. Writes run in the order in which they were submitted, each on what those before it wrote.
import type { Logger } from "pino";
import { CorruptLog, StoreUnavailable } from "./event-log.ts";
import type { LogState } from "./log-state.ts";
import { Transaction } from "./transaction.ts";

interface QueuedWrite {
  readonly bytes: number;
  readonly run: (transaction: Transaction) => void;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** The part of a logger that tells the operator that the disk fails, and when it works again. */
export type EngineLogger = Pick<Logger, "error" | "info">;

/** A transaction of this size takes a few milliseconds; a longer one would keep readers waiting. */
const MAX_TRANSACTION_BYTES = 4 * 1024 * 1024;

export class GroupCommit {
  readonly #state: LogState;
  readonly #now: () => number;
  readonly #logger: EngineLogger | undefined;
  #queue: QueuedWrite[] = [];
  #scheduled = false;
  #failing = false;
  #closed = false;

  constructor(state: LogState, now: () => number, logger: EngineLogger | undefined) {
    this.#state = state;
    this.#now = now;
    this.#logger = logger;
  }

  /** Runs `write` within the next transaction and resolves with its result once that is on disk. */
  submit<Result>(bytes: number, write: (transaction: Transaction) => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(new StoreUnavailable("the event store is stopping"));
      let result: Result;
      this.#queue.push({
        bytes,
        run: (transaction) => {
          result = write(transaction);
        },
        resolve: () => resolve(result),
        reject,
      });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#commit();
      if (this.#queue.length > 0) this.#schedule();
    });
  }

  #commit(): void {
    const group = this.#takeGroup();
    if (group.length === 0) return;
    const transaction = new Transaction(this.#state, this.#now());
    const written: QueuedWrite[] = [];
    try {
      this.#state.storage.transaction(() => {
        for (const one of group) if (this.#run(one, transaction)) written.push(one);
        transaction.writeRows();
      });
    } catch (error) {
      // Nothing of the group was written (1).
      this.#reportFailure(error);
      for (const one of group) one.reject(error);
      return;
    }
    // On disk from here on (1, 2).
    if (transaction.events.length > 0) this.#reportRecovery();
    this.#state.publish(transaction);
    for (const one of written) one.resolve();
  }

  #takeGroup(): QueuedWrite[] {
    let count = 0;
    for (let bytes = 0; count < this.#queue.length && bytes < MAX_TRANSACTION_BYTES; count++)
      bytes += this.#queue[count]?.bytes ?? 0;
    return this.#queue.splice(0, count);
  }

  /** A damaged stream rejects its own writer and nobody else's, as long as nothing of it was written. */
  #run(one: QueuedWrite, transaction: Transaction): boolean {
    const before = transaction.events.length;
    try {
      one.run(transaction);
      return true;
    } catch (error) {
      if (!(error instanceof CorruptLog) || transaction.events.length > before) throw error;
      one.reject(error);
      return false;
    }
  }

  /** Once, however many groups fail until the disk works again. */
  #reportFailure(error: unknown): void {
    if (!this.#failing) this.#logger?.error({ err: error }, "appends rejected");
    this.#failing = true;
  }

  #reportRecovery(): void {
    if (this.#failing) this.#logger?.info("appends accepted again");
    this.#failing = false;
  }

  /** Writes what was submitted; what comes later is rejected. */
  close(): void {
    this.#closed = true;
    while (this.#queue.length > 0) this.#commit();
  }
}
