// Waits on a busy machine: what has to come within a time has to come within that time of a machine that this test has to itself.
import { watchOthers } from "./foreign-load.ts";
import { until } from "./wait.ts";

/** A machine that is never free: by then it is told all the same. */
const MAX_TIMES = 5;
const LOOK_AGAIN_MS = 100;

/** As `until`, but what other programs had of the cores does not count. */
export async function untilInOwnTime<T>(
  what: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  deadlineMs: number,
  othersMs = watchOthers(),
): Promise<T> {
  const begin = performance.now();
  for (;;) {
    const spent = performance.now() - begin;
    const left = deadlineMs - (spent - othersMs());
    try {
      return await until(what, ask, Math.max(LOOK_AGAIN_MS, left));
    } catch (error) {
      const waited = performance.now() - begin;
      if (waited - othersMs() < deadlineMs && waited < deadlineMs * MAX_TIMES) continue;
      throw error;
    }
  }
}
