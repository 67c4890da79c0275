// Whether two buildings of a read model hold the same rows, table by table: their number, and a checksum that does not depend on their order.
import type { Queryable } from "#platform/database.ts";
import type { Projection } from "./projection.ts";

export interface TableComparison {
  readonly table: string;
  /** Of the model in use. */
  readonly rows: number;
  readonly rebuilt_rows: number;
  readonly equal: boolean;
}

export interface Comparison {
  /** Both had taken in the log up to here. */
  readonly position: string;
  readonly equal: boolean;
  readonly tables: readonly TableComparison[];
}

type Compared = Pick<Projection, "name" | "dependsOnKeys">;

/** 32 MB, so that no statement runs for long. */
const PAGES = 4_096;

/** In a transaction that sees one moment of the database. Undefined where the model in use lacks a table. */
export async function compareTables(
  within: Queryable,
  { name, dependsOnKeys }: Compared,
  rebuilt: string,
  signal: AbortSignal,
): Promise<readonly TableComparison[] | undefined> {
  const compared: TableComparison[] = [];
  for (const { table, columns, inUse } of await tablesOf(within, name, rebuilt)) {
    if (!inUse) return undefined;
    const some = columns.filter((column) => !dependsOnKeys?.columns?.includes(column.replace(/::text$/, "")));
    const before = await checksum(within, `${name}.${table}`, some, signal);
    const after = await checksum(within, `${rebuilt}.${table}`, some, signal);
    // What could be read once may have lost its key since; nothing can have come back.
    const isLess = dependsOnKeys?.tables?.includes(table) === true && after.rows < before.rows;
    const equal = isLess || (after.rows === before.rows && after.sum === before.sum);
    compared.push({ table, rows: Number(before.rows), rebuilt_rows: Number(after.rows), equal });
  }
  return compared;
}

interface FoundTable {
  readonly table: string;
  /** As they are hashed: what has no hash, or the same one for different texts, as its text. */
  readonly columns: readonly string[];
  readonly inUse: boolean;
}

const tablesOf = (within: Queryable, name: string, rebuilt: string): Promise<FoundTable[]> =>
  within.query<FoundTable>(
    `select table_name as table,
        array_agg(quote_ident(column_name) || case when data_type in ('json', 'numeric') then '::text' else '' end
          order by ordinal_position) as columns,
        to_regclass(quote_ident($1) || '.' || quote_ident(table_name)) is not null as "inUse"
       from information_schema.columns join information_schema.tables using (table_schema, table_name)
      where table_schema = $2 and table_type = 'BASE TABLE' group by table_name order by table_name`,
    [name, rebuilt],
  );

interface Checksum {
  readonly rows: bigint;
  readonly sum: bigint;
}

/** Read from front to end in pieces: a row lies in exactly one of them. */
async function checksum(
  within: Queryable,
  table: string,
  columns: readonly string[],
  signal: AbortSignal,
): Promise<Checksum> {
  const [size] = await within.query<{ pages: bigint }>(
    "select pg_relation_size($1::regclass) / current_setting('block_size')::bigint as pages",
    [table],
  );
  const pages = Number(size?.pages ?? 0);
  let [rows, sum] = [0n, 0n];
  for (let from = 0; from < pages; from += PAGES) {
    signal.throwIfAborted();
    const [piece] = await within.query<{ rows: bigint; sum: string }>(
      `select count(*) as rows, coalesce(sum(hash_record_extended(row(${columns.join(", ")}), 0)), 0)::text as sum
         from ${table} where ctid >= '(${from},0)'::tid and ctid < '(${from + PAGES},0)'::tid`,
    );
    rows += piece?.rows ?? 0n;
    sum += BigInt(piece?.sum ?? 0);
  }
  return { rows, sum };
}
