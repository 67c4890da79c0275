// Waiting until a read model has come so far. However many wait, the database is asked once at a time.
import type { Database } from "#platform/database.ts";
import { readCheckpoint } from "./checkpoint.ts";

const PAUSE_MS = 20;

export interface PositionWatch {
  position(): Promise<bigint>;
  reached(position: bigint, timeoutMs: number): Promise<boolean>;
}

/** Of several models it is the one that is furthest behind. */
export function positionWatch(database: Database, ...schemas: readonly string[]): PositionWatch {
  let asking: Promise<bigint> | undefined;
  let newest = 0n;

  const position = async (): Promise<bigint> => {
    asking ??= Promise.all(schemas.map((schema) => readCheckpoint(database, schema)))
      .then((checkpoints) => checkpoints.map((checkpoint) => checkpoint?.position ?? 0n))
      .then((positions) => positions.reduce(min))
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

const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);
