// What can be asked of PostgreSQL, inside a transaction or outside.
import { hash } from "node:crypto";
import type pg from "pg";

export interface StatementOptions {
  /** Parsed once for each connection: for statements of a fixed text that run again and again. */
  readonly prepared?: boolean;
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

export function queryableOn(client: pg.ClientBase): Queryable {
  const run = <R extends object>(
    text: string,
    params: readonly unknown[] = [],
    { prepared = false }: StatementOptions = {},
  ): Promise<pg.QueryResult<R>> =>
    client.query<R>({ text, values: [...params], ...(prepared && { name: nameOf(text) }) });
  return {
    query: async <R extends object>(sql: string, params?: readonly unknown[], options?: StatementOptions) =>
      (await run<R>(sql, params, options)).rows,
    execute: async (sql, params, options) => (await run(sql, params, options)).rowCount ?? 0,
  };
}
