// Of a CPU profile: how long each function, file and package was at work itself, without what it called.
import { relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  /** Microseconds. */
  readonly startTime: number;
  readonly endTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Milliseconds by what they were spent in. */
type Times = ReadonlyMap<string, number>;

export interface SelfTimes {
  readonly wholeMs: number;
  /** Without waiting. */
  readonly busyMs: number;
  readonly functions: Times;
  readonly files: Times;
  /** What Node and the engine did counts for the package that called them. */
  readonly packages: Times;
}

const REPOSITORY = resolve(import.meta.dirname, "../../../..");
const IDLE = "(idle)";
const PACKAGE = /^((?:@[^/]+\/)?[^/]+)/;
const IN_PACKAGES = "node_modules/";
/** Nobody called it: timers, sockets, garbage collection. */
const NOBODY = "Node itself";

export function selfTimes({ nodes, samples, timeDeltas, startTime, endTime }: CpuProfile): SelfTimes {
  const own = new Map<number, number>();
  // A delta is the time since the sample before, so it belongs to what was at work then.
  samples.forEach((id, index) => {
    add(own, id, (timeDeltas[index + 1] ?? 0) / 1_000);
  });
  const owners = ownersOf(nodes);
  const functions = new Map<string, number>();
  const files = new Map<string, number>();
  const packages = new Map<string, number>();
  let busyMs = 0;
  for (const { id, callFrame } of nodes) {
    const { functionName, url, lineNumber } = callFrame;
    const ms = own.get(id) ?? 0;
    if (ms <= 0 || functionName === IDLE) continue;
    busyMs += ms;
    const owner = owners.get(id) ?? NOBODY;
    const file = fileOf(url);
    const isNative = file === "";
    const place = isNative ? `native, for ${owner}` : `${shortened(file)}:${lineNumber + 1}`;
    add(functions, `${functionName || "(anonymous)"}  ${place}`, ms);
    add(files, isNative ? `native ${functionName}` : shortened(file), ms);
    add(packages, functionName.startsWith("(garbage") ? functionName : owner, ms);
  }
  return { wholeMs: (endTime - startTime) / 1_000, busyMs, functions, files, packages };
}

function add<Key>(times: Map<Key, number>, key: Key, ms: number): void {
  times.set(key, (times.get(key) ?? 0) + ms);
}

/** For each node the package or folder in whose name it worked: its own, or that of the nearest caller that has one. */
function ownersOf(nodes: readonly ProfileNode[]): ReadonlyMap<number, string> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const owners = new Map<number, string>();
  const [root] = nodes;
  const left: [node: ProfileNode | undefined, owner: string][] = [[root, NOBODY]];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const [node, caller] = next;
    if (node === undefined) continue;
    const owner = packageOf(fileOf(node.callFrame.url)) ?? caller;
    owners.set(node.id, owner);
    for (const child of node.children ?? []) left.push([byId.get(child), owner]);
  }
  return owners;
}

function fileOf(url: string): string {
  return url.startsWith("file:")
    ? relative(REPOSITORY, fileURLToPath(url))
    : url.replace(`${REPOSITORY}/`, "");
}

const shortened = (file: string): string => file.replace(IN_PACKAGES, "");

/** Of ours the folder with its room: services/leads, platform/bus. */
function packageOf(file: string): string | undefined {
  if (file === "" || file.startsWith("node:")) return undefined;
  if (file.startsWith(IN_PACKAGES)) return PACKAGE.exec(file.slice(IN_PACKAGES.length))?.[1];
  return file.split("/").slice(0, -1).slice(0, 2).join("/") || file;
}
