// One schema written by itself: from its checkpoint to the end of the log, and on from there.
import type { Database } from "#platform/database.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import { createGather, MAX_BATCH_EVENTS } from "./gather.ts";
import { type WrittenSchema, writeBatch } from "./write.ts";

export interface Build {
  /** How far the rows in the database reach. */
  readonly position: bigint;
  lag(): Promise<number>;
  /** Ends after the batch that is under way. */
  stop(): Promise<void>;
}

export interface BuildParts {
  readonly database: Database;
  readonly eventStore: EventStore;
}

export interface BuildOptions {
  /** Another writer has moved the checkpoint: what this one knows is no longer true. */
  readonly onFenced: () => void;
  readonly onCaughtUp?: () => void;
}

export function startBuild(
  schema: WrittenSchema,
  { database, eventStore }: BuildParts,
  { onFenced, onCaughtUp }: BuildOptions,
): Build {
  const ending = new AbortController();
  const gather = createGather(ending.signal);
  const { position } = schema.checkpoint;
  const following = eventStore.follow({
    name: `projection ${schema.name}`,
    // Everything, so that it reaches positions of streams that it does not read.
    prefixes: [],
    from: position === 0n ? "start" : position,
    batch: { maxCount: MAX_BATCH_EVENTS },
    signal: ending.signal,
    ...(onCaughtUp && { onCaughtUp }),
    async onEvents(events, reached) {
      if (ending.signal.aborted) return;
      const startedAt = performance.now();
      const fenced = await writeBatch(database, [schema], { events, position: reached });
      if (fenced.length === 0) return gather({ following, events: events.length, startedAt });
      ending.abort();
      onFenced();
    },
  });
  return {
    get position() {
      return schema.checkpoint.position;
    },
    lag: () => following.lag(),
    async stop() {
      ending.abort();
      await following.done;
    },
  };
}
