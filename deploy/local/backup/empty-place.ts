// Where a backup may be restored to: an empty data folder and an empty database, or the ones that the same restore has begun to fill.
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Database } from "#platform/database.ts";
import { readKept, writeKept } from "#platform/kept-file.ts";
import { restoreMarker } from "../data-folder.ts";
import { Problem } from "../problem.ts";

const Marker = z.object({ backup: z.string(), begun_at: z.string() });
type Marker = z.infer<typeof Marker>;

/** What a locked folder has, and what a person puts there before: the master key. */
const ALLOWED = new Set([
  "launcher.lock",
  "launcher.lock-journal",
  "launcher.pid",
  "version.json",
  "secrets",
]);
const ALLOWED_SECRETS = new Set(["master-key"]);

/** Undefined where none has begun. Throws a Problem where the folder is not empty, or another restore has begun there. */
export function begunIn(dataDir: string, backup: string): Marker | undefined {
  const text = readKept(restoreMarker(dataDir));
  if (text !== undefined) {
    const marker = Marker.safeParse(JSON.parse(text)).data;
    if (marker?.backup === backup) return marker;
    throw new Problem(
      `A restore of another backup has begun in ${dataDir} and not ended. End it, or use an empty folder: DATA_DIR=.data-2`,
    );
  }
  const found = [
    ...namesIn(dataDir).filter((name) => !ALLOWED.has(name)),
    ...namesIn(join(dataDir, "secrets"))
      .filter((name) => !ALLOWED_SECRETS.has(name))
      .map((name) => `secrets/${name}`),
  ];
  if (found.length > 0)
    throw new Problem(
      `${dataDir} is not empty: it has ${found.slice(0, 5).join(", ")}. A restore overwrites nothing; use another folder: DATA_DIR=.data-2`,
    );
  return undefined;
}

/** From here on nobody starts a yard there, until the restore has ended. */
export function begin(dataDir: string, backup: string): Marker {
  const marker = { backup, begun_at: new Date().toISOString().replace("Z", "000Z") };
  writeKept(restoreMarker(dataDir), `${JSON.stringify(marker)}\n`);
  return marker;
}

export function end(dataDir: string): void {
  rmSync(restoreMarker(dataDir));
}

/**
 * From here on what is in the database is this restore's own, and the database itself says so: run again, it may be given another one.
 * Throws a Problem where anybody else has used it.
 */
export async function beginDatabase(database: Database, { backup, begun_at }: Marker): Promise<void> {
  await database.transaction(async (within) => {
    const [found] = await within.query<{ used: boolean; begun: boolean }>(
      `select to_regclass('migrations') is not null or to_regnamespace('vault') is not null as used,
              to_regclass('restored_from') is not null as begun`,
    );
    if (found?.begun === true) {
      const ours = await within.query("select from restored_from where backup = $1 and begun_at = $2", [
        backup,
        begun_at,
      ]);
      if (ours.length > 0) return;
    }
    if (found?.used === true || found?.begun === true)
      throw new Problem(
        "The database is not empty: a yard or another restore has used it. A restore overwrites nothing; create another database, and set DATABASE_URL to it.",
      );
    await within.execute("create table restored_from (backup text not null, begun_at text not null)");
    await within.execute("insert into restored_from (backup, begun_at) values ($1, $2)", [backup, begun_at]);
  });
}

const namesIn = (dir: string): string[] => (existsSync(dir) ? readdirSync(dir) : []);
