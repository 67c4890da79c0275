// What can be asked of PostgreSQL, inside a transaction or outside.
import { hash } from "node:crypto";
import pg from "pg";
import type { StatementWatch } from "./lost-connections.ts";

export interface StatementOptions {
  /** Parsed once for each connection: for statements of a fixed text that run again and again. */
  readonly prepared?: boolean;
  /** Instead of the connection's own limit: for work on whole tables, and waiting for whoever does it. */
  readonly maxMs?: number;
}

/** There is no connection, or it broke before the answer. A statement that was given may have run. */
export class ConnectionLost extends Error {
  override name = "ConnectionLost";
}

/** The server was silent for so long that the connection is given up. The statement may have run. */
export class StatementUnanswered extends ConnectionLost {
  override name = "StatementUnanswered";
}

/** Statements that are given without waiting for those before run in order, and travel together. */
export interface Queryable {
  /** The rows. bigint columns come as bigint. */
  query<R extends object = Record<string, unknown>>(
    sql: string,
    params?: readonly unknown[],
    options?: StatementOptions,
  ): Promise<R[]>;
  /** How many rows were touched. */
  execute(sql: string, params?: readonly unknown[], options?: StatementOptions): Promise<number>;
}

const names = new Map<string, string>();

/** Different texts must have different names, and PostgreSQL takes 63 bytes of a name. */
function nameOf(sql: string): string {
  let name = names.get(sql);
  if (name === undefined) {
    name = hash("sha256", sql, "base64url");
    names.set(sql, name);
  }
  return name;
}

/** The driver's timer was set before we looked at the clock, and is exact to a millisecond. */
const TIMER_EARLY_MS = 5;
/** What the driver throws before it has sent anything, for values that are none. */
const isMisuse = (error: unknown): boolean => error instanceof TypeError || error instanceof RangeError;

/** Gives classes to what the driver has none for: its own limit, and a connection that broke. */
export async function answered<T>(
  query: Promise<T>,
  maxMs: number,
  watch: StatementWatch | undefined,
): Promise<T> {
  const began = performance.now();
  watch?.given();
  try {
    return await query;
  } catch (error) {
    if (error instanceof pg.DatabaseError || isMisuse(error)) throw error;
    if (performance.now() - began >= maxMs - TIMER_EARLY_MS)
      throw new StatementUnanswered(`PostgreSQL gave no answer within ${maxMs} ms`, { cause: error });
    throw new ConnectionLost("the connection to PostgreSQL broke before the answer", { cause: error });
  } finally {
    watch?.answered();
  }
}

export interface QueryableOptions {
  /** What the client was opened with as its limit. */
  readonly maxMs: number;
  readonly mayPrepare: boolean;
  /** Undefined where a connection has no session of its own in the server that could be asked for. */
  readonly watch: StatementWatch | undefined;
}

export function queryableOn(
  client: pg.ClientBase,
  { maxMs, mayPrepare, watch }: QueryableOptions,
): Queryable {
  const run = <R extends object>(
    text: string,
    params: readonly unknown[] = [],
    options: StatementOptions = {},
  ): Promise<pg.QueryResult<R>> => {
    const limit = options.maxMs ?? maxMs;
    const statement = { text, values: [...params], query_timeout: limit };
    const name = mayPrepare && options.prepared === true && { name: nameOf(text) };
    return answered(client.query<R>({ ...statement, ...name }), limit, watch);
  };
  return {
    query: async <R extends object>(sql: string, params?: readonly unknown[], options?: StatementOptions) =>
      (await run<R>(sql, params, options)).rows,
    execute: async (sql, params, options) => (await run(sql, params, options)).rowCount ?? 0,
  };
}
