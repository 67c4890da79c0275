// One schema written by itself: from its checkpoint to the end of the log, and on from there. An event that can't be written is
// found and skipped, so that it stops nothing but itself.
import { type Database, isMissingTable } from "#platform/database.ts";
import { WrittenByNewerRelease } from "#platform/event-store/codec.ts";
import type { Log } from "#platform/log.ts";
import { pause } from "#platform/retry.ts";
import type { ReadLog } from "./shared-reading.ts";
import { BATCHES, type Batch, isFaultOfEvents, type WrittenSchema, writeBatch } from "./write.ts";

export interface Build {
  /** How far the rows in the database reach. */
  readonly position: bigint;
  /** How many events it has taken in. */
  readonly events: number;
  lag(): Promise<number>;
  /** Ends after the batch that is under way. */
  stop(): Promise<void>;
}

export interface BuildParts {
  readonly database: Database;
  readonly eventStore: ReadLog;
  readonly log: Log;
  /** Takes out of the rows what is older than is retained. */
  readonly retire?: ((schema: string, signal: AbortSignal) => Promise<void>) | undefined;
}

export interface BuildOptions {
  /** Another writer has moved the checkpoint, or the tables are gone: what this one knows is no longer true. */
  readonly onFenced: () => void;
  readonly onCaughtUp?: () => void;
  /** Nothing after this position is written, and the build ends with it. */
  readonly until?: { readonly position: bigint; readonly onReached: () => void };
}

const UP_TO_WITHIN_MS = 30_000;

/** Writes the schema exactly as far as that; false where it does not get there. */
export async function buildUpTo(
  schema: WrittenSchema,
  position: bigint,
  parts: BuildParts,
  signal: AbortSignal,
): Promise<boolean> {
  const ended = new AbortController();
  const end = (): void => ended.abort();
  const build = startBuild(schema, parts, { onFenced: end, until: { position, onReached: end } });
  await pause(UP_TO_WITHIN_MS, AbortSignal.any([ended.signal, signal]));
  await build.stop();
  return schema.checkpoint.position === position;
}

export function startBuild(
  schema: WrittenSchema,
  { database, eventStore, log }: BuildParts,
  { onFenced, onCaughtUp, until }: BuildOptions,
): Build {
  const ending = new AbortController();
  let events = 0;
  const { position } = schema.checkpoint;

  /** False where another writer was faster, or the tables are gone. */
  async function write(batch: Batch): Promise<boolean> {
    try {
      return (await writeBatch(database, [schema], batch)).length === 0;
    } catch (error) {
      if (isMissingTable(error)) return false;
      if (error instanceof WrittenByNewerRelease) return await writeBefore(batch, error);
      if (!isFaultOfEvents(error)) throw error;
      const [first, ...others] = batch.events;
      if (first === undefined) throw error;
      if (others.length > 0) return await writeHalves(batch);
      const { stream, revision, type } = first;
      log.error(
        { err: error, projection: schema.name, stream, revision, type },
        "event not written, skipped",
      );
      return await write({ position: batch.position, events: [], failed: first });
    }
  }

  /** What stands before the event that only a newer release can read; then it waits there, for the same events come again. */
  async function writeBefore({ events }: Batch, error: WrittenByNewerRelease): Promise<boolean> {
    const at = events.findIndex(
      ({ stream, revision }) => stream === error.stream && revision === error.revision,
    );
    const before = events.slice(0, at);
    const last = before.at(-1);
    if (last !== undefined && !(await write({ events: before, position: last.position }))) return false;
    throw error;
  }

  async function writeHalves({ events, position }: Batch): Promise<boolean> {
    const half = events.slice(0, events.length / 2);
    const before = half.at(-1)?.position ?? position;
    return (
      (await write({ events: half, position: before })) &&
      (await write({ events: events.slice(half.length), position }))
    );
  }

  const following = eventStore.follow({
    name: `projection ${schema.name}`,
    // Everything, so that it reaches positions of streams that it does not read.
    prefixes: [],
    from: position === 0n ? "start" : position,
    batch: BATCHES,
    signal: ending.signal,
    ...(onCaughtUp && { onCaughtUp }),
    async onEvents(arrived, reached) {
      const isLast = until !== undefined && reached >= until.position;
      const batch = isLast
        ? { events: arrived.filter((event) => event.position <= until.position), position: until.position }
        : { events: arrived, position: reached };
      const isWritten = await write(batch);
      events += batch.events.length;
      if (isWritten && !isLast) return;
      ending.abort();
      if (isWritten) until?.onReached();
      else onFenced();
    },
  });
  return {
    get position() {
      return schema.checkpoint.position;
    },
    get events() {
      return events;
    },
    lag: () => following.lag(),
    async stop() {
      ending.abort();
      await following.done;
    },
  };
}
