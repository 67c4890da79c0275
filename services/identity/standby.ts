import type { Log } from "#platform/log.ts";
import type { Known } from "./load.ts";

// Who would take over reads everybody while the writer is overdue, so that afterwards only the newest events are left to read: an
// index of a million is read in seconds, and nobody is answered meanwhile.

export interface Standby {
  prepare(): void;
  /** What was prepared, if anything was; it is given away once. */
  take(): Promise<Known | undefined>;
}

/** By then somebody speaks for identity again, and what was prepared only takes up memory. */
const KEPT_MS = 10_000;

export function createStandby(load: () => Promise<Known>, log: Log): Standby {
  let prepared: Promise<Known | undefined> | undefined;
  let forgetting: NodeJS.Timeout | undefined;

  const forget = (): void => {
    clearTimeout(forgetting);
    prepared = undefined;
  };

  return {
    prepare() {
      if (prepared !== undefined) return;
      log.info("the writer is overdue");
      prepared = load().catch((error: unknown) => {
        log.warn({ err: error }, "nothing is prepared for taking over");
        return undefined;
      });
      forgetting = setTimeout(forget, KEPT_MS);
      forgetting.unref();
    },
    async take() {
      const taken = prepared;
      forget();
      return await taken;
    },
  };
}
