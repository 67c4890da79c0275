import { intakeKeysToDestroy } from "#domain/identity/retention.ts";
import type { Log } from "#platform/log.ts";
import type { Vault } from "#platform/vault/vault.ts";

const EVERY_MS = 60 * 60 * 1_000;

/** Destroys the intake keys whose time is over: now, and every hour. */
export function sweepIntakeKeys(vault: Vault, log: Log, now: () => Date = () => new Date()): () => void {
  let sweptDay = "";
  const sweep = async (): Promise<void> => {
    const [newest = "", ...older] = intakeKeysToDestroy(now());
    if (sweptDay === newest) return;
    await vault.destroy([newest, ...older]);
    sweptDay = newest;
  };
  const attempt = (): void => {
    sweep().catch((error: unknown) => log.warn({ err: error }, "old intake keys are not destroyed yet"));
  };
  attempt();
  const timer = setInterval(attempt, EVERY_MS);
  return () => clearInterval(timer);
}
