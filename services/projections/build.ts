// One projection being written into one schema: from its checkpoint to the end of the log, and on from there.
import type { Database } from "#platform/database.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import { advance, type Checkpoint } from "#projections/checkpoint.ts";
import type { Projection } from "#projections/projection.ts";

const MOST_EVENTS = 2_000;

export interface Build {
  readonly schema: string;
  /** How far the rows in the database reach. */
  readonly position: bigint;
  lag(): Promise<number>;
  /** Ends after the batch that is under way. */
  stop(): Promise<void>;
}

export interface BuildOptions {
  readonly projection: Projection;
  readonly schema: string;
  readonly from: Checkpoint;
  readonly database: Database;
  readonly eventStore: EventStore;
  /** Another writer has moved the checkpoint: what this one knows is no longer true. */
  readonly onFenced: () => void;
  readonly onCaughtUp?: () => void;
}

class Fenced extends Error {
  override name = "Fenced";
}

export function startBuild(options: BuildOptions): Build {
  const { projection, schema, database, eventStore, onFenced, onCaughtUp } = options;
  const ending = new AbortController();
  let checkpoint = options.from;

  const isOwn = ({ stream }: StoredEvent): boolean =>
    projection.prefixes.some((prefix) => stream.startsWith(prefix));

  async function take(events: StoredEvent[], position: bigint): Promise<void> {
    if (ending.signal.aborted || position === checkpoint.position) return;
    await database.transaction(async (transaction) => {
      // The fence comes first: its row lock also holds up any other writer until this one has committed.
      if (!(await advance(transaction, schema, checkpoint, position))) throw new Fenced();
      const own = events.filter(isOwn);
      if (own.length === 0) return;
      await transaction.execute(`set local search_path to ${schema}`);
      await projection.apply(transaction, own);
    });
    checkpoint = { ...checkpoint, position };
  }

  const following = eventStore.follow({
    name: `projection ${schema}`,
    prefixes: projection.keepsUp ? [] : projection.prefixes,
    from: options.from.position === 0n ? "start" : options.from.position,
    batch: { maxCount: MOST_EVENTS },
    signal: ending.signal,
    ...(onCaughtUp && { onCaughtUp }),
    onEvents: async (events, position) => {
      try {
        await take(events, position);
      } catch (error) {
        if (!(error instanceof Fenced)) throw error;
        ending.abort();
        onFenced();
      }
    },
  });

  return {
    schema,
    get position() {
      return checkpoint.position;
    },
    lag: () => following.lag(),
    async stop() {
      ending.abort();
      await following.done;
    },
  };
}
