// Evaluates a CPU profile: self time by function and by file, and time by package.
import { relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

/** As V8 writes it; times in microseconds. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly startTime: number;
  readonly endTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Milliseconds by name. */
export type Times = ReadonlyMap<string, number>;

interface SelfTimes {
  readonly totalMs: number;
  /** Without idle time. */
  readonly busyMs: number;
  readonly functions: Times;
  readonly files: Times;
  /** Work of Node and of the engine counts for the package that called it. */
  readonly packages: Times;
}

const REPOSITORY = resolve(import.meta.dirname, "../../../..");
const IDLE = "(idle)";
const GARBAGE_COLLECTOR = "(garbage collector)";
const NODE_MODULES = "node_modules/";
const PACKAGE = /^((?:@[^/]+\/)?[^/]+)/;
/** Of work that no package called. */
const NO_OWNER = "Node itself";

export function selfTimes({ nodes, samples, timeDeltas, startTime, endTime }: CpuProfile): SelfTimes {
  const selfMs = new Map<number, number>();
  // A delta is the time since the previous sample, so it belongs to that one.
  samples.forEach((id, index) => {
    add(selfMs, id, (timeDeltas[index + 1] ?? 0) / 1_000);
  });
  const owners = ownersOf(nodes);
  const functions = new Map<string, number>();
  const files = new Map<string, number>();
  const packages = new Map<string, number>();
  let busyMs = 0;
  for (const { id, callFrame } of nodes) {
    const { functionName, url, lineNumber } = callFrame;
    const ms = selfMs.get(id) ?? 0;
    if (ms <= 0 || functionName === IDLE) continue;
    busyMs += ms;
    const owner = owners.get(id) ?? NO_OWNER;
    const file = fileOf(url);
    const isNative = file === "";
    const place = isNative ? `native, for ${owner}` : `${withoutPrefix(file)}:${lineNumber + 1}`;
    add(functions, `${functionName || "(anonymous)"}  ${place}`, ms);
    add(files, isNative ? `native ${functionName}` : withoutPrefix(file), ms);
    add(packages, functionName === GARBAGE_COLLECTOR ? functionName : owner, ms);
  }
  return { totalMs: (endTime - startTime) / 1_000, busyMs, functions, files, packages };
}

function add<Key>(times: Map<Key, number>, key: Key, ms: number): void {
  times.set(key, (times.get(key) ?? 0) + ms);
}

/** For each node its package or folder; for nodes of Node and of the engine, that of the nearest caller. */
function ownersOf(nodes: readonly ProfileNode[]): ReadonlyMap<number, string> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const owners = new Map<number, string>();
  const open: [node: ProfileNode | undefined, caller: string][] = [[nodes[0], NO_OWNER]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [node, caller] = next;
    if (node === undefined) continue;
    const owner = ownerOf(fileOf(node.callFrame.url)) ?? caller;
    owners.set(node.id, owner);
    for (const child of node.children ?? []) open.push([byId.get(child), owner]);
  }
  return owners;
}

/** A package, or our folder to the second level (services/leads); undefined for Node and the engine. */
function ownerOf(file: string): string | undefined {
  if (file === "" || file.startsWith("node:")) return undefined;
  if (file.startsWith(NODE_MODULES)) return PACKAGE.exec(withoutPrefix(file))?.[1];
  return file.split("/").slice(0, -1).slice(0, 2).join("/") || file;
}

function fileOf(url: string): string {
  return url.startsWith("file:")
    ? relative(REPOSITORY, fileURLToPath(url))
    : url.replace(`${REPOSITORY}/`, "");
}

const withoutPrefix = (file: string): string => file.replace(NODE_MODULES, "");
