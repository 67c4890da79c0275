// Who may sign in: users with the hashes of their passwords, and the hashes of API tokens, in a file that only the master key opens. With them
// the drafts of rules that are theirs.
// Sessions and set-up links are left out: whoever was signed in signs in again.
import { writeFileSync } from "node:fs";
import { z } from "zod";
import type { Database } from "#platform/database.ts";
import { readKept } from "#platform/kept-file.ts";
import { migrateAccess } from "../../../services/gateway/access/schema.ts";
import { openForBackup, sealForBackup } from "./sealed-file.ts";

const PURPOSE = "backup/access";
const TABLES = ["users", "tokens", "rule_drafts"] as const;
const Rows = z.array(z.record(z.string(), z.unknown()));
/** A backup of an earlier release has no drafts. */
const Access = z.object({ users: Rows, tokens: Rows, rule_drafts: Rows.default([]) });

export async function writeAccessFile(database: Database, master: Buffer, file: string): Promise<void> {
  await migrateAccess(database);
  const rows = await Promise.all(
    TABLES.map(async (table) => {
      const found = await database.query<{ row: unknown }>(
        `select to_jsonb(one) as row from access.${table} as one order by 1`,
      );
      return [table, found.map(({ row }) => row)] as const;
    }),
  );
  const sealed = sealForBackup(Object.fromEntries(rows), master, PURPOSE);
  writeFileSync(file, `${JSON.stringify(sealed)}\n`, { mode: 0o600, flush: true });
}

/** What is there already stays, so that it can be repeated. */
export async function restoreAccess(
  database: Database,
  file: string,
  masters: readonly Buffer[],
): Promise<void> {
  const access = Access.parse(openForBackup(readKept(file) ?? "", masters, { purpose: PURPOSE, file }));
  await migrateAccess(database);
  await database.transaction(async (within) => {
    for (const table of TABLES)
      await within.execute(
        `insert into access.${table} select * from jsonb_populate_recordset(null::access.${table}, $1::jsonb)
           on conflict do nothing`,
        [JSON.stringify(access[table])],
      );
  });
}
