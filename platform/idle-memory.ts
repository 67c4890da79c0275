// A burst leaves a process large: the engine gives memory back only while it goes on allocating, and the C library hardly ever. A
// process that has become idle collects once, and gives back what it can. See docs/decisions/0159.
import { performance } from "node:perf_hooks";
import { every } from "./every.ts";
import { garbageCollector } from "./garbage-collector.ts";

export interface IdleMemoryParts {
  /** The share of time since the last look in which the event loop had work. */
  readonly utilization: () => number;
  readonly residentBytes: () => number;
  /** Stops the process for a moment. */
  readonly giveBack: () => Promise<void> | void;
}

const LOOK_EVERY_MS = 10_000;
const IDLE_UTILIZATION = 0.1;
/** So many looks in a row, so that a short rest within traffic costs nothing. */
const IDLE_LOOKS = 2;
/** Less is not worth a pause. */
const MIN_GROWTH_BYTES = 32 * 1024 * 1024;

/** To be called regularly. */
export function createIdleMemory({
  utilization,
  residentBytes,
  giveBack,
}: IdleMemoryParts): () => Promise<void> {
  let idleLooks = 0;
  let left = 0;
  return async () => {
    idleLooks = utilization() < IDLE_UTILIZATION ? idleLooks + 1 : 0;
    if (idleLooks < IDLE_LOOKS || residentBytes() < left + MIN_GROWTH_BYTES) return;
    await giveBack();
    left = residentBytes();
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
    residentBytes: () => process.memoryUsage.rss(),
    giveBack: giveBackMemory,
  });
  return every({ ms: LOOK_EVERY_MS, work: look });
}

/** At once. Code that was compiled stays. */
export async function giveBackMemory(): Promise<void> {
  garbageCollector("thorough")();
  await trimAllocator();
}

/** glibc keeps what is freed, unless it lies at the very end of its heap; in a process that was busy that is half of all. */
async function trimAllocator(): Promise<void> {
  if (process.platform !== "linux") return;
  try {
    const { default: native } = await import("koffi");
    native.load(null).func("int malloc_trim(size_t)")(0);
  } catch {
    // Another C library has no such function, and may need none.
  }
}
