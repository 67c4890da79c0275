// A burst leaves a process with a large heap, and the engine gives memory back only while it goes on allocating. A process that has
// become idle collects once, and gives back what it can.
import { performance } from "node:perf_hooks";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { every } from "./every.ts";

export interface IdleMemoryParts {
  /** The share of time since the last look in which the event loop had work. */
  readonly utilization: () => number;
  readonly heapBytes: () => number;
  /** Stops the process for a moment. */
  readonly collect: () => void;
}

const LOOK_EVERY_MS = 10_000;
const IDLE_UTILIZATION = 0.1;
/** So many looks in a row, so that a short rest within traffic costs nothing. */
const IDLE_LOOKS = 2;
/** Less is not worth a pause. */
const MIN_GROWTH_BYTES = 32 * 1024 * 1024;

/** To be called regularly. */
export function createIdleMemory({ utilization, heapBytes, collect }: IdleMemoryParts): () => void {
  let idleLooks = 0;
  let collected = 0;
  return () => {
    idleLooks = utilization() < IDLE_UTILIZATION ? idleLooks + 1 : 0;
    if (idleLooks < IDLE_LOOKS || heapBytes() < collected + MIN_GROWTH_BYTES) return;
    collect();
    collected = heapBytes();
  };
}

/** Returns what ends it. */
export function giveBackMemoryWhenIdle(): () => void {
  let last = performance.eventLoopUtilization();
  const look = createIdleMemory({
    utilization() {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, last);
      last = now;
      return utilization;
    },
    heapBytes: () => process.memoryUsage().heapTotal,
    collect: collector(),
  });
  return every({ ms: LOOK_EVERY_MS, work: look });
}

/** The flag that shows the collector takes effect in contexts that are made after it. */
function collector(): () => void {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as NonNullable<typeof globalThis.gc>;
  setFlagsFromString("--no-expose-gc");
  return () => gc({ type: "major", flavor: "last-resort" } as Parameters<typeof gc>[0]);
}
