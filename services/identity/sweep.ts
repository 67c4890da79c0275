import { intakeKeysToDestroy } from "#domain/identity/retention.ts";
import { every } from "#platform/every.ts";
import type { Log } from "#platform/log.ts";
import type { Vault } from "#platform/vault/vault.ts";

const EVERY_MS = 60 * 60 * 1_000;

/** Destroys the intake keys whose time is over: now, and every hour. Returns what ends it. */
export function sweepIntakeKeys(vault: Vault, log: Log): () => void {
  let sweptDay = "";
  return every({
    ms: EVERY_MS,
    atOnce: true,
    async work() {
      const [newest = "", ...older] = intakeKeysToDestroy(new Date());
      if (sweptDay === newest) return;
      await vault.destroy([newest, ...older]);
      sweptDay = newest;
    },
    onError: (error) => log.warn({ err: error }, "old intake keys not destroyed yet"),
  });
}
