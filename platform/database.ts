// PostgreSQL as the roles see it.
import pg from "pg";
import { type Listening, listenFor } from "./database/listen.ts";
import { runMigrations } from "./database/migrate.ts";
import { parsers } from "./database/parsers.ts";
import { type Queryable, queryableOn } from "./database/queryable.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Log } from "./log.ts";
import { backoffMs, pause } from "./retry.ts";

export type { Queryable } from "./database/queryable.ts";

export interface Database extends Queryable {
  /** Commits when `work` resolves, rolls back when it throws. Never retried. */
  transaction<T>(work: (transaction: Queryable) => Promise<T>): Promise<T>;
  /** Calls back for each notification; listens again after every lost connection, then calls with undefined: some may be missed. */
  listen(channel: string, onNotification: (payload: string | undefined) => void): Promise<Listening>;
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

const CONNECT_MS = 5000;
const PATIENCE_MS = 15_000;
const BACKOFF = { baseMs: 50, maxMs: 1000 };

/** What the server says before it has begun a statement, or when it took it back whole: starting up, shutting down, crashed. */
const NOT_RUN = new Set(["57P01", "57P02", "57P03", "53300"]);
const wasNotRun = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && NOT_RUN.has(error.code ?? "");

export function connectDatabase({ url, log, max = 10, lifecycle }: DatabaseOptions): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max,
    types: parsers,
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
  });
  pool.on("error", (error) => log.warn({ err: error }, "an idle database connection broke"));
  const closing = new AbortController();

  /** A connection; asked for again while there is none to be had, since nothing has happened yet. */
  async function checkOut(): Promise<pg.PoolClient> {
    const deadline = performance.now() + PATIENCE_MS;
    for (let tries = 0; ; tries++) {
      try {
        return await pool.connect();
      } catch (error) {
        const refused = error instanceof pg.DatabaseError && !wasNotRun(error);
        if (refused || closing.signal.aborted || performance.now() > deadline) throw error;
      }
      await pause(backoffMs(tries, BACKOFF), closing.signal);
    }
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
      throw error;
    } finally {
      client.release(broken);
    }
  }

  async function once<T>(work: (client: Queryable) => Promise<T>): Promise<T> {
    for (let tries = 0; ; tries++) {
      try {
        return await withConnection((client) => work(queryableOn(client)));
      } catch (error) {
        if (!wasNotRun(error) || tries >= 5 || closing.signal.aborted) throw error;
      }
      await pause(backoffMs(tries, BACKOFF), closing.signal);
    }
  }

  async function transaction<T>(work: (transaction: Queryable) => Promise<T>): Promise<T> {
    return await withConnection(async (client) => {
      await client.query("begin");
      try {
        const result = await work(queryableOn(client));
        await client.query("commit");
        return result;
      } catch (error) {
        await client.query("rollback").catch(() => undefined);
        throw error;
      }
    });
  }

  async function close(): Promise<void> {
    closing.abort();
    await pool.end();
  }
  lifecycle?.own("database", close);

  return {
    query: <R extends object>(sql: string, params?: readonly unknown[]) =>
      once((client) => client.query<R>(sql, params)),
    execute: (sql, params) => once((client) => client.execute(sql, params)),
    transaction,
    listen: (channel, onNotification) =>
      listenFor({ url, channel, onNotification, log, signal: closing.signal }),
    migrate: (name, steps) => transaction((within) => runMigrations(within, name, steps)),
    close,
  };
}
