// What can be asked of PostgreSQL, inside a transaction or outside.
import type pg from "pg";

export interface Queryable {
  /** The rows. bigint columns come as bigint. */
  query<R extends object = Record<string, unknown>>(sql: string, params?: readonly unknown[]): Promise<R[]>;
  /** How many rows were touched. */
  execute(sql: string, params?: readonly unknown[]): Promise<number>;
}

export function queryableOn(client: pg.ClientBase): Queryable {
  return {
    query: async <R extends object>(sql: string, params: readonly unknown[] = []) => {
      const { rows } = await client.query<R>(sql, [...params]);
      return rows;
    },
    execute: async (sql, params = []) => (await client.query(sql, [...params])).rowCount ?? 0,
  };
}
