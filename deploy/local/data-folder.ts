// The folder that everything embedded keeps its data in: one launcher at a time, one layout.
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { readKept, writeKept } from "#platform/kept-file.ts";
import { closeFolder, closeNewFiles } from "./closed-folder.ts";
import { tryLock } from "./file-lock.ts";
import { Problem } from "./problem.ts";

/** Raised when a version lays the folder out so that an older one can't read it. */
const LAYOUT = 1;

export interface DataFolder {
  readonly dir: string;
  close(): void;
}

/** Another launcher owns the folder; `pid` is undefined in the moment before it has said who it is. */
export class InUse extends Problem {
  override name = "InUse";
  readonly pid: number | undefined;

  constructor(dir: string, pid: number | undefined) {
    super(
      `Switchyard already runs on the data folder ${dir}${pid === undefined ? "" : ` (process ${pid})`}.\n` +
        `Stop it there with Ctrl-C${pid === undefined ? "" : ` or with "kill ${pid}"`}, or use another folder: DATA_DIR=.data-2 PORT=8081 npm start`,
    );
    this.pid = pid;
  }
}

/** Where a restore has begun and not ended, and so much is missing. */
export const restoreMarker = (dir: string): string => join(dir, "restoring.json");

/**
 * Takes the folder for this process; throws InUse, or a Problem when it can't be used at all, as while it is restored by anybody but
 * the one who restores.
 */
export function openDataFolder(dir: string, { restoring = false } = {}): DataFolder {
  try {
    mkdirSync(dirname(dir), { recursive: true });
    closeNewFiles();
    mkdirSync(dir, { recursive: true });
  } catch (error) {
    throw notUsable(dir, error);
  }
  const unlock = lock(dir);
  try {
    checkLayout(dir);
    if (!restoring && readKept(restoreMarker(dir)) !== undefined)
      throw new Problem(
        `A restore into ${dir} was begun and has not ended, so the folder is not whole.\n` +
          "Run the same restore again: npm run restore -- <the backup's folder>",
      );
    closeFolder(dir);
    removeBlankSecrets(join(dir, "secrets"));
    writeKept(pidFile(dir), `${process.pid}\n`);
  } catch (error) {
    unlock();
    throw error instanceof Problem ? error : notUsable(dir, error);
  }
  return { dir, close: unlock };
}

const pidFile = (dir: string): string => join(dir, "launcher.pid");

function lock(dir: string): () => void {
  let unlock: (() => void) | undefined;
  try {
    unlock = tryLock(join(dir, "launcher.lock"));
  } catch (error) {
    throw notUsable(dir, error);
  }
  if (unlock !== undefined) return unlock;
  const pid = Number(readKept(pidFile(dir)));
  throw new InUse(dir, pid > 0 ? pid : undefined);
}

function checkLayout(dir: string): void {
  const file = join(dir, "version.json");
  const text = readKept(file);
  if (text === undefined) writeKept(file, `${JSON.stringify({ layout: LAYOUT })}\n`);
  const layout = text === undefined ? LAYOUT : layoutIn(text);
  if (layout === LAYOUT) return;
  throw new Problem(
    `The data folder ${dir} was written by another version of Switchyard: its layout is ${layout ?? "unreadable"}, this version knows ${LAYOUT}.\n` +
      `Start the version that wrote it, or use another folder: DATA_DIR=.data-2 npm start`,
  );
}

function layoutIn(text: string): unknown {
  try {
    return (JSON.parse(text) as { layout?: unknown }).layout;
  } catch {
    return undefined;
  }
}

/**
 * What a full disk or a copy that was cut short has left is no secret: whoever needs one makes it anew. The master key stays as it is,
 * since no other opens what was sealed under it.
 */
function removeBlankSecrets(folder: string): void {
  if (!existsSync(folder)) return;
  for (const { name, parentPath } of readdirSync(folder, { withFileTypes: true }).filter((one) =>
    one.isFile(),
  )) {
    const file = join(parentPath, name);
    if (!name.startsWith("master-key") && readKept(file)?.trim() === "") rmSync(file);
  }
}

/** Such as a disk that is full, or a folder of somebody else. */
function notUsable(dir: string, error: unknown): Problem {
  return new Problem(
    `DATA_DIR ${dir} can't be used: ${error instanceof Error ? error.message : String(error)}`,
  );
}
