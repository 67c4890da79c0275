// The vault's keys in a file, a line of JSON each: wrapped under the master key, which is not there.
import { createHash } from "node:crypto";
import { closeSync, createReadStream, fsyncSync, openSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { z } from "zod";
import { personOfKey } from "#domain/seal-contexts.ts";
import type { Database } from "#platform/database.ts";
import { type KeyRow, readKeys } from "#platform/vault/copy-keys.ts";
import { Problem } from "../problem.ts";

const text = z.string().nullable();
const Row = z.object({
  id: z.string(),
  wrapped: text,
  master: z.string(),
  created_at: z.string(),
  destroyed_at: text,
  purged_at: text,
});

const PAGE = 2_000;
const lineOf = ({ id, wrapped, master, created_at, destroyed_at, purged_at }: KeyRow): string =>
  `${JSON.stringify({ id, wrapped, master, created_at, destroyed_at, purged_at })}\n`;

export interface WrittenKeys {
  readonly count: number;
  readonly destroyed: readonly string[];
  /** Of the master keys that wrap one of them. */
  readonly masters: readonly string[];
}

export async function writeKeyFile(database: Database, file: string): Promise<WrittenKeys> {
  const descriptor = openSync(file, "wx", 0o600);
  const destroyed: string[] = [];
  const masters = new Set<string>();
  let count = 0;
  try {
    for await (const rows of readKeys(database)) {
      writeSync(descriptor, rows.map(lineOf).join(""));
      count += rows.length;
      for (const { id, wrapped, master } of rows)
        if (wrapped === null) destroyed.push(id);
        else masters.add(master);
    }
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  return { count, destroyed, masters: [...masters].sort() };
}

/** `gone`: keys that were destroyed since, and are not to come back; `at`: when that is said to have been. */
export async function* readKeyFile(
  file: string,
  gone: ReadonlySet<string>,
  at: string,
): AsyncGenerator<readonly KeyRow[]> {
  let page: KeyRow[] = [];
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    const row = Row.parse(JSON.parse(line));
    const isGone = row.wrapped !== null && gone.has(row.id);
    page.push(isGone ? { ...row, wrapped: null, master: "", destroyed_at: at, purged_at: at } : row);
    if (page.length < PAGE) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

/** Throws a Problem unless the database holds these keys and no others. */
export async function compareKeys(
  database: Database,
  expected: AsyncIterable<readonly KeyRow[]>,
): Promise<void> {
  const [found, wanted] = await Promise.all([checksumOf(readKeys(database)), checksumOf(expected)]);
  if (found !== wanted)
    throw new Problem("The database holds other keys than the backup. Restore into an empty database.");
}

async function checksumOf(pages: AsyncIterable<readonly KeyRow[]>): Promise<string> {
  const hash = createHash("sha256");
  for await (const rows of pages) for (const row of rows) hash.update(lineOf(row));
  return hash.digest("hex");
}

/** Persons whose key is not there. */
export async function personsWithoutKey(pages: AsyncIterable<readonly KeyRow[]>): Promise<string[]> {
  const found: string[] = [];
  for await (const rows of pages)
    for (const { id, wrapped } of rows) if (wrapped === null && personOfKey(id) !== undefined) found.push(id);
  return found;
}
