// The projections of this process that have caught up follow the log together and share transactions. See docs/decisions/0064.
//
// 1. Members come and go between two batches only, and the log is then followed anew from where the last of them is.
// 2. Each member takes only what comes after its own checkpoint.
// 3. A batch that can't be written for all together is written for each alone. Where that fails for all of them, and not because of
//    what is in it, it is the database's fault and the batch comes again. Where it fails for some, or takes them too long, those leave.
import { type Database, isMissingTable } from "#platform/database.ts";
import { WrittenByNewerRelease } from "#platform/event-store/codec.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { Log } from "#platform/log.ts";
import { pause } from "#platform/retry.ts";
import { BATCHES, type Batch, isFaultOfEvents, type WrittenSchema, writeBatch } from "./write.ts";

/** How long a batch of all may take, and after that how long one member may keep those waiting that are done. */
const MAX_WAIT_MS = 2_000;

export type WhyLeft = "stopped" | "fenced" | "failed" | "too_slow";

export interface ProjectionGroup {
  /** Writes the schema with the others until the signal is given or it has to leave; tells why it left. */
  keep(schema: WrittenSchema, signal: AbortSignal): Promise<WhyLeft>;
  lag(): Promise<number>;
}

export interface GroupParts {
  readonly database: Database;
  readonly eventStore: EventStore;
  readonly log: Log;
}

interface Running {
  lag(): Promise<number>;
  stop(): Promise<void>;
}

export function createGroup({ database, eventStore, log }: GroupParts): ProjectionGroup {
  const members = new Map<WrittenSchema, (why: WhyLeft) => void>();
  let running: Running | undefined;
  let changing: Promise<void> = Promise.resolve();

  function change(work: () => void): Promise<void> {
    changing = changing.then(async () => {
      await running?.stop();
      work();
      running = members.size > 0 ? run() : undefined;
    });
    return changing;
  }

  function leave(schema: WrittenSchema, why: WhyLeft): void {
    const left = members.get(schema);
    members.delete(schema);
    left?.(why);
  }

  function run(): Running {
    const ending = new AbortController();
    const positions = Array.from(members.keys(), ({ checkpoint }) => checkpoint.position);
    const [from = 0n] = positions.sort((a, b) => Number(a - b));
    const following = eventStore.follow({
      name: "projections",
      // Everything, so that positions of streams that no member reads are reached too.
      prefixes: [],
      from: from === 0n ? "start" : from,
      batch: BATCHES,
      signal: ending.signal,
      onEvents: (events, position) => write({ events, position }),
    });
    return {
      lag: () => following.lag(),
      async stop() {
        ending.abort();
        await following.done;
      },
    };
  }

  async function write(batch: Batch): Promise<void> {
    const all = [...members.keys()];
    try {
      for (const schema of await writeBatch(database, all, batch, MAX_WAIT_MS)) leave(schema, "fenced");
    } catch (error) {
      log.debug({ err: error, events: batch.events.length }, "projections not written together");
      await writeEach(all, batch);
    }
    // Nobody is left to follow for.
    if (members.size === 0) void change(() => undefined);
  }

  async function writeEach(schemas: readonly WrittenSchema[], batch: Batch): Promise<void> {
    const failures = new Map<WrittenSchema, unknown>();
    const late = new Set(schemas);
    const writing = schemas.map(async (schema) => {
      try {
        if ((await writeBatch(database, [schema], batch)).length > 0) leave(schema, "fenced");
      } catch (error) {
        failures.set(schema, error);
      }
      late.delete(schema);
    });
    const done = new AbortController();
    const all = Promise.all(writing).finally(() => done.abort());
    // While none is done, none holds up the others: it is the machine or the database that is slow.
    await Promise.race(writing);
    await Promise.race([all, pause(MAX_WAIT_MS, done.signal)]);

    const databaseFault = Array.from(failures.values()).find(
      (error) =>
        !isFaultOfEvents(error) && !isMissingTable(error) && !(error instanceof WrittenByNewerRelease),
    );
    if (databaseFault !== undefined && failures.size === schemas.length) throw databaseFault;
    for (const [schema, error] of failures) {
      if (isMissingTable(error)) {
        leave(schema, "fenced");
        continue;
      }
      log.warn({ err: error, projection: schema.name }, "projection failed and leaves the group");
      leave(schema, "failed");
    }
    for (const schema of late) {
      log.warn({ projection: schema.name }, "projection is too slow and leaves the group");
      const left = members.get(schema);
      members.delete(schema);
      // Not before: until then its checkpoint may still move.
      void writing[schemas.indexOf(schema)]?.then(() => left?.("too_slow"));
    }
  }

  return {
    async keep(schema, signal) {
      const { promise, resolve } = Promise.withResolvers<WhyLeft>();
      const stop = (): void => void change(() => leave(schema, "stopped"));
      await change(() => members.set(schema, resolve));
      signal.addEventListener("abort", stop, { once: true });
      if (signal.aborted) stop();
      const why = await promise;
      signal.removeEventListener("abort", stop);
      return why;
    },
    lag: () => running?.lag() ?? Promise.resolve(0),
  };
}
