import type { People } from "#domain/identity/people.ts";
import type { Loaded } from "#platform/fold-stream.ts";
import type { Log } from "#platform/log.ts";

// Who would take over loads the index while the writer is overdue, so that afterwards only the newest events are left to read: an
// index of a million is read in seconds, and nobody is answered meanwhile.

export interface Standby {
  prepare(): void;
  /** What was prepared, if anything was; it is given away once. */
  take(): Promise<Loaded<People> | undefined>;
}

/** By then there is a writer again, and what was prepared only takes up memory. */
const MAX_KEPT_MS = 10_000;

export function createStandby(load: () => Promise<Loaded<People>>, log: Log): Standby {
  let prepared: Promise<Loaded<People> | undefined> | undefined;
  let forgetting: NodeJS.Timeout | undefined;

  const forget = (): void => {
    clearTimeout(forgetting);
    prepared = undefined;
  };

  return {
    prepare() {
      if (prepared !== undefined) return;
      log.info("identity writer overdue");
      prepared = load().catch((error: unknown) => {
        log.warn({ err: error }, "identity index not loaded ahead");
        return undefined;
      });
      forgetting = setTimeout(forget, MAX_KEPT_MS);
      forgetting.unref();
    },
    async take() {
      const taken = prepared;
      forget();
      return await taken;
    },
  };
}
