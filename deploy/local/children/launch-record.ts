// What each launcher has started, on disk: whoever comes after it can end what it could not end itself.
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { readKept, writeKept } from "#platform/kept-file.ts";
import { endProcess, identityOf, isAlive, type ProcessIdentity } from "./process-identity.ts";

const processSchema = z.object({ pid: z.number(), identity: z.string() });
const recordSchema = z.object({
  launcher: processSchema,
  /** Whether it owned the data folder, and did not join another that does. */
  owner: z.boolean(),
  children: z.array(processSchema.extend({ name: z.string(), signal: z.enum(["SIGTERM", "SIGINT"]) })),
});
type LaunchRecord = z.infer<typeof recordSchema>;
export type StopSignal = LaunchRecord["children"][number]["signal"];

const GRACE_MS = 3_000;
const LOOK_MS = 20;

const folderIn = (dataDir: string): string => join(dataDir, "processes");
const fileOf = (dataDir: string, launcher: number): string => join(folderIn(dataDir), `${launcher}.json`);

export interface OwnRecord {
  add(name: string, pid: number, signal: StopSignal): void;
  remove(pid: number): void;
  close(): void;
}

/** This launcher's own record, written anew with every change. */
export function createLaunchRecord(dataDir: string, owner: boolean): OwnRecord {
  mkdirSync(folderIn(dataDir), { recursive: true });
  const file = fileOf(dataDir, process.pid);
  const launcher = { pid: process.pid, identity: identityOf(process.pid) ?? "" };
  let children: LaunchRecord["children"] = [];
  function write(): void {
    try {
      writeKept(file, JSON.stringify({ launcher, owner, children } satisfies LaunchRecord));
    } catch {
      // As where the disk is full, which may be why a child has ended. One more that is dead does no harm, and one that is not noted
      // matters to nobody unless we are killed before the next change.
    }
  }
  return {
    add(name, pid, signal) {
      const identity = identityOf(pid);
      if (identity === undefined) return;
      children = [...children, { name, pid, identity, signal }];
      write();
    },
    remove(pid) {
      children = children.filter((child) => child.pid !== pid);
      write();
    },
    close: () => rmSync(file, { force: true }),
  };
}

/** Ends the children of launchers that are dead; returns the names of those it had to end. `owner`: we own the folder now. */
export async function endLeftovers(dataDir: string, owner: boolean): Promise<readonly string[]> {
  const launchers = readdirOr(folderIn(dataDir)).map((file) => Number.parseInt(file, 10));
  const ended = launchers.map(async (pid) => {
    const record = recordIn(fileOf(dataDir, pid));
    if (record === undefined) return [];
    // An owner before us has let go of the folder, so it is dead or in the middle of dying.
    const dying = owner && record.owner;
    return dying || !isAlive(record.launcher) ? endChildrenOf(dataDir, pid) : [];
  });
  return (await Promise.all(ended)).flat();
}

/** For a launcher that is ending: a dying process closes its files a moment before it counts as dead. */
export async function endChildrenOf(dataDir: string, launcher: number): Promise<readonly string[]> {
  const file = fileOf(dataDir, launcher);
  let record = recordIn(file);
  for (; record !== undefined && isAlive(record.launcher); record = recordIn(file)) await pause(LOOK_MS);
  if (record === undefined) return [];
  const left = record.children.filter((child: ProcessIdentity) => isAlive(child));
  await Promise.all(left.map((child) => endProcess(child, child.signal, GRACE_MS)));
  rmSync(file, { force: true });
  return left.map(({ name }) => name);
}

function recordIn(file: string): LaunchRecord | undefined {
  try {
    return recordSchema.parse(JSON.parse(readKept(file) ?? ""));
  } catch {
    return undefined;
  }
}

function readdirOr(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => /^\d+\.json$/.test(name));
  } catch {
    return [];
  }
}
