// One statement per batch: rows go over as one array per column and become rows again inside the database.
import { columnOf, type PostgresType } from "./column.ts";
import type { Target } from "./projection.ts";

export interface Table<Row> {
  /** The rows with these values in the key's only column. */
  find(target: Target, keys: readonly string[]): Promise<Row[]>;
  /** Inserts the rows; where the key exists, all other columns are replaced. Of rows with the same key the last one counts. */
  upsert(target: Target, rows: readonly Row[]): Promise<void>;
  /** Of rows that are there, replaces these columns. That is less work than finding out by an insert that they are. */
  update(target: Target, rows: readonly Row[], columns: readonly (keyof Row & string)[]): Promise<void>;
  /** Inserts the rows that are new. */
  insertMissing(target: Target, rows: readonly Row[]): Promise<void>;
  /** For rows that can't be there already. */
  insert(target: Target, rows: readonly Row[]): Promise<void>;
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
  const [keyColumn] = key;

  const arraysOf = (rows: readonly Row[], wanted: readonly (keyof Row & string)[]): string[] =>
    wanted.map((column) =>
      columnOf(
        rows.map((row) => row[column]),
        columns[column],
      ),
    );

  const write = async (target: Target, rows: readonly Row[], onConflict = ""): Promise<void> => {
    if (rows.length === 0) return;
    const params = arraysOf(rows, names);
    const insert = `insert into ${target.schema}.${name} (${list}) select * from unnest(${arrays})`;
    await target.execute(`${insert} ${onConflict}`, params);
  };
  return {
    async find(target, keys) {
      if (keyColumn === undefined || keys.length === 0) return [];
      const from = `${target.schema}.${name} where ${keyColumn} = any($1::${columns[keyColumn]}[])`;
      return target.query<Row>(`select ${list} from ${from}`, [columnOf(keys, columns[keyColumn])]);
    },
    upsert: (target, rows) =>
      // No statement may touch a row twice.
      write(target, lastOfEach(rows, key), `on conflict (${key.join(", ")}) do update set ${replaced}`),
    async update(target, rows, changing) {
      if (rows.length === 0) return;
      const given = [...key, ...changing];
      const arrays = given.map((column, index) => `$${index + 1}::${columns[column]}[]`).join(", ");
      const sets = changing.map((column) => `${column} = changed.${column}`).join(", ");
      const same = key.map((column) => `stored.${column} = changed.${column}`).join(" and ");
      await target.execute(
        `update ${target.schema}.${name} as stored set ${sets}
          from unnest(${arrays}) as changed (${given.join(", ")}) where ${same}`,
        arraysOf(rows, given),
      );
    },
    insertMissing: (target, rows) => write(target, rows, "on conflict do nothing"),
    insert: (target, rows) => write(target, rows),
  };
}

function lastOfEach<Row extends object>(rows: readonly Row[], key: readonly (keyof Row & string)[]): Row[] {
  return [...new Map(rows.map((row) => [key.map((column) => String(row[column])).join("\n"), row])).values()];
}
