// Of a CPU profile: how long each function, file and package was at work itself, without what it called.
import { relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  /** Microseconds. */
  readonly startTime: number;
  readonly endTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export interface SelfTimes {
  readonly wholeMs: number;
  /** Without waiting. */
  readonly busyMs: number;
  readonly functions: ReadonlyMap<string, number>;
  readonly files: ReadonlyMap<string, number>;
  readonly packages: ReadonlyMap<string, number>;
}

const REPOSITORY = resolve(import.meta.dirname, "../../../..");
const IDLE = "(idle)";
const PACKAGE = /node_modules\/((?:@[^/]+\/)?[^/]+)/;

export function selfTimes({ nodes, samples, timeDeltas, startTime, endTime }: CpuProfile): SelfTimes {
  const own = new Map<number, number>();
  samples.forEach((id, index) => {
    // A delta is the time since the sample before, so it belongs to what was at work then.
    add(own, id, (timeDeltas[index + 1] ?? 0) / 1_000);
  });
  const functions = new Map<string, number>();
  const files = new Map<string, number>();
  const packages = new Map<string, number>();
  let busyMs = 0;
  for (const { id, callFrame } of nodes) {
    const { functionName, url, lineNumber } = callFrame;
    const ms = own.get(id) ?? 0;
    if (ms <= 0 || functionName === IDLE) continue;
    const file = fileOf(url);
    busyMs += ms;
    add(
      functions,
      `${functionName || "(anonymous)"}  ${file === "" ? "native" : `${file}:${lineNumber + 1}`}`,
      ms,
    );
    // What has no file is the engine's own: garbage collection, system calls, built-in functions.
    add(files, file === "" ? `native ${functionName}` : file, ms);
    add(packages, packageOf(file, functionName), ms);
  }
  return { wholeMs: (endTime - startTime) / 1_000, busyMs, functions, files, packages };
}

function add<Key>(times: Map<Key, number>, key: Key, ms: number): void {
  times.set(key, (times.get(key) ?? 0) + ms);
}

function fileOf(url: string): string {
  return url.startsWith("file:")
    ? relative(REPOSITORY, fileURLToPath(url))
    : url.replace(`${REPOSITORY}/`, "");
}

/** Of ours the folder with its room: services/leads, platform/bus. */
function packageOf(file: string, functionName: string): string {
  if (file === "") return functionName === "(garbage collector)" ? functionName : "native";
  if (file.startsWith("node:")) return "node";
  const name = PACKAGE.exec(file)?.[1];
  if (name !== undefined) return name;
  const folders = file.split("/").slice(0, -1);
  return folders.slice(0, 2).join("/") || file;
}
