// Tells the log what happened to users, sessions and tokens.
//
// 1. A change and what the log has to say of it are one transaction: neither is without the other.
// 2. The log hears of it at once where it responds, and later where it does not: nobody is kept from signing in by a store that is down.
// 3. An event keeps its id, so that one that is told twice counts once.
import { ACCESS_STREAM, type AccessEvent, accessEvents } from "#domain/access/events.ts";
import type { Database, Queryable } from "#platform/database.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import { every } from "#platform/every.ts";
import { newUuid } from "#platform/ids.ts";
import type { Lifecycle } from "#platform/lifecycle.ts";
import type { Log } from "#platform/log.ts";

export interface RecordParts {
  readonly database: Database;
  readonly eventStore: Pick<EventStore, "append">;
  readonly log: Log;
  readonly lifecycle: Lifecycle;
}

export interface Recorder {
  /** Commits what `work` does together with the events that it returns. */
  commit<T>(work: (transaction: Queryable) => Promise<Recorded<T>>): Promise<T>;
  /** Calls back once a change is committed in this process; others hear of it by a notice. */
  onChange(listener: () => void): void;
}

export interface Recorded<T> {
  readonly result: T;
  readonly by: string;
  readonly events: readonly AccessEvent[];
}

interface Unrecorded {
  readonly seq: bigint;
  readonly id: string;
  readonly type: string;
  readonly data: unknown;
  readonly by: string;
  readonly at: Date;
}

export const ACCESS_CHANNEL = "access";
const codec = createCodec(accessEvents);
const LOOK_EVERY_MS = 3_000;
const APPEND_MS = 2_000;
const MAX_AT_ONCE = 200;

export function createRecorder({ database, eventStore, log, lifecycle }: RecordParts): Recorder {
  /** Locked until they are told, so that no other process tells them too. */
  async function tell(): Promise<void> {
    await database.transaction(async (transaction) => {
      const rows = await transaction.query<Unrecorded>(
        `delete from access.unrecorded where seq in
           (select seq from access.unrecorded order by seq limit $1 for update skip locked)
         returning seq, id, type, data, by, at`,
        [MAX_AT_ONCE],
      );
      if (rows.length === 0) return;
      rows.sort((a, b) => Number(a.seq - b.seq));
      const events = rows.map(({ id, type, data, by, at }) =>
        codec.encode({ type, data } as AccessEvent, { id, at: at.toISOString(), by }),
      );
      await eventStore.append(ACCESS_STREAM, "any", events, { deadlineMs: APPEND_MS });
    });
  }

  const isStopped = (): boolean => lifecycle.stopping.aborted;
  const onFailure = (error: unknown): void => {
    if (!isStopped()) log.warn({ err: error }, "changes of access not told to the log yet");
  };
  lifecycle.own(
    "record of access",
    every({ ms: LOOK_EVERY_MS, work: tell, onError: onFailure, atOnce: true }),
  );

  const listeners: (() => void)[] = [];

  return {
    onChange: (listener) => void listeners.push(listener),
    async commit(work) {
      const result = await database.transaction(async (transaction) => {
        const { result, by, events } = await work(transaction);
        for (const { type, data } of events)
          await transaction.execute(
            "insert into access.unrecorded (id, type, data, by) values ($1, $2, $3, $4)",
            [newUuid(), type, JSON.stringify(data), by],
          );
        // Every gateway forgets what it knew of sessions and tokens.
        if (events.length > 0) await transaction.query("select pg_notify($1, '')", [ACCESS_CHANNEL]);
        return result;
      });
      for (const listener of listeners) listener();
      await tell().catch(onFailure); // 2
      return result;
    },
  };
}
