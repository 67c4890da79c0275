// Writers that come in the same turn of the event loop share one transaction, and so one fsync.
import { Batch } from "./batch.ts";
import { CorruptLog, StoreUnavailable } from "./event-log.ts";
import type { LogState } from "./log-state.ts";

interface Waiting {
  readonly bytes: number;
  readonly run: (batch: Batch) => void;
  readonly settle: () => void;
  readonly refuse: (error: unknown) => void;
}

/** Where the operator reads that the disk refuses, and that it does so no longer. */
export interface EngineLog {
  error(fields: object, message: string): void;
  info(message: string): void;
}

/** A transaction of this size takes a few milliseconds; a longer one would keep readers waiting. */
const MAX_BATCH_BYTES = 4 * 1024 * 1024;

export class GroupCommit {
  readonly #state: LogState;
  readonly #now: () => number;
  readonly #log: EngineLog | undefined;
  #refusing = false;
  #queue: Waiting[] = [];
  #scheduled = false;
  #closed = false;

  constructor(state: LogState, now: () => number, log?: EngineLog) {
    this.#state = state;
    this.#now = now;
    this.#log = log;
  }

  /** Runs `write` within the next transaction and resolves with its result once that is on disk. */
  submit<Result>(bytes: number, write: (batch: Batch) => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(new StoreUnavailable("the event store is stopping"));
      let result: Result;
      this.#queue.push({
        bytes,
        run: (batch) => {
          result = write(batch);
        },
        settle: () => resolve(result),
        refuse: reject,
      });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.flush();
      if (this.#queue.length > 0) this.#schedule();
    });
  }

  flush(): void {
    const group = this.#takeGroup();
    if (group.length === 0) return;
    const batch = new Batch(this.#state, this.#now());
    const done: Waiting[] = [];
    try {
      this.#state.storage.transaction(() => {
        for (const one of group) if (this.#ran(one, batch)) done.push(one);
        batch.save();
      });
    } catch (error) {
      // Once, however many groups are refused until it is over.
      if (!this.#refusing) this.#log?.error({ err: error }, "appends are refused");
      this.#refusing = true;
      for (const one of group) one.refuse(error);
      return;
    }
    if (this.#refusing && batch.events.length > 0) {
      this.#log?.info("appends are taken again");
      this.#refusing = false;
    }
    this.#state.publish(batch);
    for (const one of done) one.settle();
  }

  #takeGroup(): Waiting[] {
    let count = 0;
    for (let bytes = 0; count < this.#queue.length && bytes < MAX_BATCH_BYTES; count++)
      bytes += this.#queue[count]?.bytes ?? 0;
    return this.#queue.splice(0, count);
  }

  /** A stream that is damaged refuses its own writer and nobody else's, as long as nothing of it was written. */
  #ran(one: Waiting, batch: Batch): boolean {
    const written = batch.events.length;
    try {
      one.run(batch);
      return true;
    } catch (error) {
      if (!(error instanceof CorruptLog) || batch.events.length > written) throw error;
      one.refuse(error);
      return false;
    }
  }

  /** Whatever was submitted is written; whatever comes later is refused. */
  close(): void {
    this.#closed = true;
    while (this.#queue.length > 0) this.flush();
  }
}
