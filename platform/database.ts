// PostgreSQL as the roles see it.
import type { Lifecycle } from "./lifecycle.ts";
import type { Log } from "./log.ts";

type Param = unknown;
type Row = Record<string, unknown>;

export interface Queryable {
  /** The rows. bigint columns come as bigint. */
  query<R extends object = Row>(sql: string, params?: readonly Param[]): Promise<R[]>;
  /** How many rows were touched. */
  execute(sql: string, params?: readonly Param[]): Promise<number>;
}

export interface Database extends Queryable {
  /** Commits when `work` resolves, rolls back when it throws. Never retried. */
  transaction<T>(work: (transaction: Queryable) => Promise<T>): Promise<T>;
  /** Calls back for each notification; listens again after every lost connection, then calls with undefined: some may be missed. */
  listen(
    channel: string,
    onNotification: (payload: string | undefined) => void,
  ): Promise<{ close(): Promise<void> }>;
  /** Runs those of the numbered steps that have not run yet, once, whoever asks first. Steps may only be appended. */
  migrate(name: string, steps: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readonly url: string;
  readonly log: Log;
  /** Connections at most; 10 unless told. */
  readonly max?: number;
  /** When given, the connections close with it. */
  readonly lifecycle?: Lifecycle;
}

export function connectDatabase(_options: DatabaseOptions): Database {
  throw new Error("not yet");
}
