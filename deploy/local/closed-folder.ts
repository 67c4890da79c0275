// Who can reach the data folder: its owner alone, and where PostgreSQL runs as another user, the way through it for that one's group.
import { chmodSync, chownSync, existsSync, statSync } from "node:fs";
import { join } from "node:path";

const OWNER_ONLY = 0o700;
const WAY_FOR_GROUP = 0o710;
/** Everybody may write there, as in /tmp: not ours to close. */
const SHARED = 0o1000;
/** Those of an earlier version may stand open. */
const FOLDERS = ["eventstore", "logs", "nats", "processes", "secrets"];

/** From now on, what this process and its children make is for their owner alone. */
export function closeNewFiles(): void {
  process.umask(0o077);
}

export function closeFolder(dir: string): void {
  if (!isOurs(dir)) return;
  chmodSync(dir, OWNER_ONLY);
  for (const folder of FOLDERS.map((name) => join(dir, name)))
    if (existsSync(folder)) chmodSync(folder, OWNER_ONLY);
}

/** The group can't list the folder, and what is in it stays closed unless it belongs to that group's user. */
export function openWay(dir: string, gid: number): void {
  if (!isOurs(dir)) return;
  chownSync(dir, -1, gid);
  chmodSync(dir, WAY_FOR_GROUP);
}

function isOurs(dir: string): boolean {
  const { uid, mode } = statSync(dir);
  return uid === process.getuid?.() && (mode & SHARED) === 0;
}
