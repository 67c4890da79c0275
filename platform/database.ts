// PostgreSQL as the roles see it.
import pg from "pg";
import { type Listening, listenFor } from "./database/listen.ts";
import { watchForLoss } from "./database/lost-connections.ts";
import { runMigrations } from "./database/migrate.ts";
import { parsers } from "./database/parsers.ts";
import { isPooled } from "./database/pooler.ts";
import {
  answered,
  ConnectionLost,
  type Queryable,
  queryableOn,
  type StatementOptions,
  StatementUnanswered,
} from "./database/queryable.ts";
import { every } from "./every.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import { retryUntil } from "./retry.ts";

export type { Queryable, StatementOptions } from "./database/queryable.ts";

export interface Database extends Queryable {
  /** Commits when `work` resolves, rolls back when it throws. Never retried. */
  transaction<T>(work: (transaction: Queryable) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** Calls back for each notification; listens again after every lost connection, then calls with undefined: some may be missed. */
  listen(channel: string, onNotification: (payload: string | undefined) => void): Promise<Listening>;
  /** Runs those of the numbered steps that have not run yet, once, whoever asks first. Steps may only be appended. */
  migrate(name: string, steps: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export interface TransactionOptions {
  /** False: a crash of the database may lose it although it was committed, together with all that was committed after it. */
  readonly durable?: boolean;
  /** Rolled back where it takes longer. */
  readonly maxMs?: number;
  /**
   * Each statement finds its rows by an index. Of a prepared statement the server keeps the plan, and one that was made while the table
   * was empty reads all of it; see docs/decisions/0174.
   */
  readonly byIndex?: boolean;
}

export interface DatabaseOptions {
  readonly url: string;
  readonly log: Log;
  /** Connections at most; 10 unless told. */
  readonly max?: number;
  /** When given, the connections close with it. */
  readonly lifecycle?: Lifecycle;
  /** A connection over which a statement has no answer by then counts as lost; 30 s unless told. */
  readonly maxStatementMs?: number;
  /** A transaction whose next statement does not come by then is rolled back by the server; 10 s unless told. */
  readonly maxIdleInTransactionMs?: number;
  /** Shows how long it takes to answer, and how many connections are in use. */
  readonly metrics?: Pick<Metrics, "databaseSeconds" | "databaseConnections"> | undefined;
}

const STATEMENT = { operation: "statement" } as const;
const TRANSACTION = { operation: "transaction" } as const;
const SHOW_CONNECTIONS_MS = 1_000;
const CONNECT_MS = 5000;
const STATEMENT_MS = 30_000;
const IDLE_IN_TRANSACTION_MS = 10_000;
/** Whoever only listens is asked for nothing that takes long. */
const LISTENING_SILENCE_MS = 5_000;
const PATIENCE_MS = 15_000;
const BACKOFF = { baseMs: 50, maxMs: 1000 };
const MAX_RETRIES = 5;

/** What the server says before it has begun a statement, or when it took it back whole: starting up, shutting down, crashed. */
const NOT_RUN = new Set(["57P01", "57P02", "57P03", "53300"]);
const wasNotRun = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && NOT_RUN.has(error.code ?? "");

/** The server is away, or the connection to it was lost: what was begun may be begun again once it is back, if that does no harm. */
export const isDatabaseAway = (error: unknown): boolean =>
  error instanceof ConnectionLost || wasNotRun(error);

/** The server refuses what it was given, now and ever: a value that no column takes, a row that contradicts another. */
export function isRefusedValue(error: unknown): boolean {
  return error instanceof pg.DatabaseError && /^2[23]/.test(error.code ?? "");
}

const MISSING = new Set(["42P01", "3F000"]);
/** A table, or the schema that it stands in, is not there (any more). */
export const isMissingTable = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && MISSING.has(error.code ?? "");

/** The work was not done within the transaction's time. */
class TransactionTooSlow extends Error {
  override name = "TransactionTooSlow";
}

async function inTime<T>(work: Promise<T>, maxMs: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new TransactionTooSlow(`transaction not done after ${maxMs} ms`)),
    maxMs,
  );
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function closed(): never {
  throw new Error("the database connections are closed");
}

export function connectDatabase({
  url,
  log,
  max = 10,
  lifecycle,
  maxStatementMs = STATEMENT_MS,
  maxIdleInTransactionMs = IDLE_IN_TRANSACTION_MS,
  metrics,
}: DatabaseOptions): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max,
    types: parsers,
    connectionTimeoutMillis: CONNECT_MS,
    // A server that is frozen, or behind a network that lost the connection, would be waited for without end.
    query_timeout: maxStatementMs,
    keepAlive: true,
    pipeline: true,
  });
  pool.on("error", (error) => log.warn({ reason: error.message }, "idle database connection broke"));
  // One that breaks between two statements of a transaction says so to whoever gives it the next one; unheard, it would end the process.
  pool.on("connect", (client) => client.on("error", () => undefined));
  const closing = new AbortController();
  const stopShowing = metrics && showConnections(pool, metrics);

  /** Of what succeeds: how long a failure took says how patient the caller was. */
  async function timed<T>(
    labels: { readonly operation: "statement" | "transaction" },
    work: () => Promise<T>,
  ): Promise<T> {
    const began = performance.now();
    const result = await work();
    metrics?.databaseSeconds.observe(labels, (performance.now() - began) / 1_000);
    return result;
  }

  const losses = watchForLoss({ url, log });
  let pooled: boolean | undefined;

  async function connect(): Promise<pg.PoolClient> {
    const client = await pool.connect();
    if (losses.breakSuspect(client)) {
      client.release(true);
      return connect();
    }
    try {
      pooled ??= await isPooled(client);
      return client;
    } catch (error) {
      client.release(true);
      throw error;
    }
  }

  /** A pooler's sessions are not ours to ask for. */
  const watch = (client: pg.PoolClient) => (pooled === false ? losses.watch(client) : undefined);

  /** A statement that is parsed once for a connection would not be found on the one that the pooler takes next. */
  const queryable = (client: pg.PoolClient): Queryable =>
    queryableOn(client, { maxMs: maxStatementMs, mayPrepare: pooled === false, watch: watch(client) });

  /** A connection; asked for again while there is none to be had, since nothing has happened yet. */
  async function checkOut(): Promise<pg.PoolClient> {
    const deadline = performance.now() + PATIENCE_MS;
    const client = await retryUntil(connect, {
      backoff: BACKOFF,
      signal: closing.signal,
      onFailure(error) {
        const isRefused = error instanceof pg.DatabaseError && !wasNotRun(error);
        if (isRefused) throw error;
        if (performance.now() > deadline)
          throw new ConnectionLost("PostgreSQL could not be reached", { cause: error });
      },
    });
    return client ?? closed();
  }

  async function withConnection<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await checkOut();
    let broken = true;
    try {
      const result = await work(client);
      broken = false;
      return result;
    } catch (error) {
      // An error that the server reports leaves the connection as good as it was.
      broken = !(error instanceof pg.DatabaseError) || wasNotRun(error);
      if (error instanceof StatementUnanswered) log.warn({ err: error }, "database connection given up");
      throw error;
    } finally {
      client.release(broken);
    }
  }

  async function run<T>(work: (client: Queryable) => Promise<T>): Promise<T> {
    const done = await retryUntil(
      async () => ({ result: await withConnection((client) => work(queryable(client))) }),
      {
        backoff: BACKOFF,
        signal: closing.signal,
        onFailure(error, failures) {
          if (!wasNotRun(error) || failures >= MAX_RETRIES) throw error;
        },
      },
    );
    return (done ?? closed()).result;
  }

  async function transaction<T>(
    work: (transaction: Queryable) => Promise<T>,
    { durable = true, maxMs, byIndex = false }: TransactionOptions = {},
  ): Promise<T> {
    const settings = [
      // The server hears nothing of a process that is asleep, or behind a network that lost the connection: others wait for its locks.
      `set local idle_in_transaction_session_timeout = ${maxIdleInTransactionMs}`,
      ...(durable ? [] : ["set local synchronous_commit = off"]),
      ...(byIndex ? ["set local enable_seqscan = off"] : []),
      // So that the server gives up as well, and with that the locks.
      ...(maxMs === undefined ? [] : [`set local statement_timeout = ${maxMs}`]),
    ];
    return await timed(TRANSACTION, () =>
      withConnection(async (client) => {
        const say = (text: string) => answered(client.query(text), maxStatementMs, watch(client));
        await say(["begin", ...settings].join("; "));
        try {
          const working = work(queryable(client));
          const result = await (maxMs === undefined ? working : inTime(working, maxMs));
          await say("commit");
          return result;
        } catch (error) {
          // Whoever is too late still holds the connection, which is closed under them.
          const isLost = error instanceof TransactionTooSlow || error instanceof ConnectionLost;
          if (!isLost) await say("rollback").catch(() => undefined);
          throw error;
        }
      }),
    );
  }

  async function close(): Promise<void> {
    closing.abort();
    stopShowing?.();
    losses.close();
    await pool.end();
  }
  lifecycle?.own("database", close);

  return {
    query: <R extends object>(sql: string, params?: readonly unknown[], options?: StatementOptions) =>
      timed(STATEMENT, () => run((client) => client.query<R>(sql, params, options))),
    execute: (sql, params, options) =>
      timed(STATEMENT, () => run((client) => client.execute(sql, params, options))),
    transaction,
    listen: (channel, onNotification) =>
      listenFor({
        ...{ url, channel, onNotification, log, signal: closing.signal },
        maxSilenceMs: Math.min(maxStatementMs, LISTENING_SILENCE_MS),
      }),
    migrate: (name, steps) => transaction((within) => runMigrations(within, name, steps)),
    close,
  };
}

/** Returns what ends it. */
function showConnections(
  pool: pg.Pool,
  { databaseConnections }: Pick<Metrics, "databaseConnections">,
): () => void {
  return every({
    ms: SHOW_CONNECTIONS_MS,
    work() {
      databaseConnections.set({ state: "busy" }, pool.totalCount - pool.idleCount);
      databaseConnections.set({ state: "idle" }, pool.idleCount);
      databaseConnections.set({ state: "waiting" }, pool.waitingCount);
    },
    atOnce: true,
  });
}
