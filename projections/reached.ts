// Waiting until a read model has come so far. However many wait, the database is asked once at a time.
import type { Database } from "#platform/database.ts";
import { readCheckpoint } from "./checkpoint.ts";

const PAUSE_MS = 20;

export function positionWatch(
  database: Database,
  schema: string,
): {
  position(): Promise<bigint>;
  reached(position: bigint, timeoutMs: number): Promise<boolean>;
} {
  let asking: Promise<bigint> | undefined;
  let newest = 0n;

  const position = async (): Promise<bigint> => {
    asking ??= readCheckpoint(database, schema)
      .then((checkpoint) => checkpoint?.position ?? 0n)
      .finally(() => {
        asking = undefined;
      });
    newest = await asking;
    return newest;
  };

  return {
    position,
    async reached(wanted, timeoutMs) {
      // A rebuilt model may stand a little further back, so an old answer is only good for going on waiting.
      const deadline = performance.now() + timeoutMs;
      while ((await position()) < wanted) {
        if (performance.now() >= deadline) return false;
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
      return true;
    },
  };
}
