// What can be asked of PostgreSQL, inside a transaction or outside.
import { hash } from "node:crypto";
import pg from "pg";

export interface StatementOptions {
  /** Parsed once for each connection: for statements of a fixed text that run again and again. */
  readonly prepared?: boolean;
  /** Instead of the connection's own limit: for work on whole tables, and waiting for whoever does it. */
  readonly maxMs?: number;
}

/** The server was silent for so long that the connection is given up. The statement may have run. */
export class StatementUnanswered extends Error {
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

/** Tells the driver's own limit, which it gives no class, from other failures. */
export async function answered<T>(query: Promise<T>, maxMs: number): Promise<T> {
  const began = performance.now();
  try {
    return await query;
  } catch (error) {
    if (error instanceof pg.DatabaseError || performance.now() - began < maxMs) throw error;
    throw new StatementUnanswered(`PostgreSQL gave no answer within ${maxMs} ms`, { cause: error });
  }
}

/** `maxMs`: what the client was opened with as its limit. */
export function queryableOn(
  client: pg.ClientBase,
  maxMs: number,
  { mayPrepare }: { readonly mayPrepare: boolean },
): Queryable {
  const run = <R extends object>(
    text: string,
    params: readonly unknown[] = [],
    options: StatementOptions = {},
  ): Promise<pg.QueryResult<R>> => {
    const limit = options.maxMs ?? maxMs;
    const statement = { text, values: [...params], query_timeout: limit };
    const name = mayPrepare && options.prepared === true && { name: nameOf(text) };
    return answered(client.query<R>({ ...statement, ...name }), limit);
  };
  return {
    query: async <R extends object>(sql: string, params?: readonly unknown[], options?: StatementOptions) =>
      (await run<R>(sql, params, options)).rows,
    execute: async (sql, params, options) => (await run(sql, params, options)).rowCount ?? 0,
  };
}
