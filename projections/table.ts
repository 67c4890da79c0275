// One statement per batch: rows go over as one array per column and become rows again inside the database.
import type { Queryable } from "#platform/database.ts";

type PostgresType =
  | "uuid"
  | "text"
  | "int"
  | "bigint"
  | "double precision"
  | "boolean"
  | "timestamptz"
  | "jsonb";

export interface Table<Row> {
  /** Inserts the rows; where the key exists, all other columns are replaced. */
  upsert(transaction: Queryable, rows: readonly Row[]): Promise<void>;
  /** Inserts the rows that are new. */
  insertMissing(transaction: Queryable, rows: readonly Row[]): Promise<void>;
}

export function table<Row extends object>(
  name: string,
  columns: Readonly<Record<keyof Row & string, PostgresType>>,
  key: readonly (keyof Row & string)[],
): Table<Row> {
  const names = Object.keys(columns) as (keyof Row & string)[];
  const list = names.join(", ");
  const arrays = names.map((column, index) => `$${index + 1}::${columns[column]}[]`).join(", ");
  const others = names.filter((column) => !key.includes(column));
  const replaced = others.map((column) => `${column} = excluded.${column}`).join(", ");
  const insert = `insert into ${name} (${list}) select * from unnest(${arrays}) on conflict`;

  const write = async (transaction: Queryable, rows: readonly Row[], onConflict: string): Promise<void> => {
    if (rows.length === 0) return;
    const params = names.map((column) => rows.map((row) => asParam(row[column], columns[column])));
    await transaction.execute(`${insert} ${onConflict}`, params);
  };
  return {
    upsert: (transaction, rows) => write(transaction, rows, `(${key.join(", ")}) do update set ${replaced}`),
    insertMissing: (transaction, rows) => write(transaction, rows, "do nothing"),
  };
}

function asParam(value: unknown, type: PostgresType): unknown {
  if (value === undefined || value === null) return null;
  return type === "jsonb" ? JSON.stringify(value) : value;
}
