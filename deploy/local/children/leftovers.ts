// What each launcher has started, on disk: whoever comes after it can end what it could not end itself.
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { readKept, writeKept } from "#platform/kept-file.ts";
import { endProcess, identityOf, isAlive, type ProcessIdentity } from "./process-identity.ts";

const processSchema = z.object({ pid: z.number(), identity: z.string() });
const recordSchema = z.object({
  launcher: processSchema,
  children: z.array(processSchema.extend({ name: z.string(), signal: z.enum(["SIGTERM", "SIGINT"]) })),
});
type LaunchRecord = z.infer<typeof recordSchema>;
export type StopSignal = LaunchRecord["children"][number]["signal"];

const GRACE_MS = 3_000;

const folderIn = (dataDir: string): string => join(dataDir, "processes");
const fileOf = (dataDir: string, launcher: number): string => join(folderIn(dataDir), `${launcher}.json`);

export interface LaunchBook {
  note(name: string, pid: number, signal: StopSignal): void;
  strike(pid: number): void;
  close(): void;
}

/** This launcher's own record, rewritten with every change. */
export function openLaunchBook(dataDir: string): LaunchBook {
  mkdirSync(folderIn(dataDir), { recursive: true });
  const file = fileOf(dataDir, process.pid);
  const launcher = { pid: process.pid, identity: identityOf(process.pid) ?? "" };
  let children: LaunchRecord["children"] = [];
  const write = (): void => writeKept(file, JSON.stringify({ launcher, children } satisfies LaunchRecord));
  return {
    note(name, pid, signal) {
      const identity = identityOf(pid);
      if (identity === undefined) return;
      children = [...children, { name, pid, identity, signal }];
      write();
    },
    strike(pid) {
      children = children.filter((child) => child.pid !== pid);
      write();
    },
    close: () => rmSync(file, { force: true }),
  };
}

/** Ends the children of launchers that are dead; returns the names of those it had to end. */
export async function endLeftovers(dataDir: string): Promise<readonly string[]> {
  const launchers = readdirOr(folderIn(dataDir)).map((file) => Number.parseInt(file, 10));
  const ended = await Promise.all(launchers.map((pid) => endChildrenOf(dataDir, pid)));
  return ended.flat();
}

export async function endChildrenOf(dataDir: string, launcher: number): Promise<readonly string[]> {
  const file = fileOf(dataDir, launcher);
  const record = recordIn(file);
  if (record === undefined || isAlive(record.launcher)) return [];
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
