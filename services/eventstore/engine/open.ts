// Opens the log of a data folder: what it promises is in event-log.ts, how it keeps it in docs/eventstore/storage.md.
import { append, softDelete, tombstone } from "./commands.ts";
import { copyLog, removeCopies } from "./copy.ts";
import { type DataFolder, openDataFolder } from "./data-folder.ts";
import { type EventLog, type LogCopy, MAX_APPEND_BYTES, type ProposedEvent } from "./event-log.ts";
import { type EngineLogger, GroupCommit } from "./group-commit.ts";
import { LogState } from "./log-state.ts";
import { Reader } from "./reader.ts";
import { Storage } from "./storage.ts";

export interface EventLogOptions {
  readonly now?: () => number;
  readonly logger?: EngineLogger;
  /** How many events the rows of streams may be behind; tests make it small. */
  readonly eventsPerRound?: number;
}

/** Rejects with DataFolderError or CorruptLog, whose messages are for the operator. */
export async function openEventLog({
  dir,
  ...options
}: { dir: string } & EventLogOptions): Promise<EventLog> {
  const folder = openDataFolder(dir);
  removeCopies(dir);
  try {
    return openLogIn(folder, options);
  } catch (error) {
    folder.close();
    throw error;
  }
}

export function openLogIn(
  folder: DataFolder,
  { now = Date.now, logger, eventsPerRound }: EventLogOptions = {},
): EventLog {
  const storage = new Storage(folder.database, folder.dir);
  const state = new LogState(storage, folder.acknowledged, eventsPerRound);
  const commits = new GroupCommit(state, now, logger);
  const reader = new Reader(state, now);
  let copying: Promise<LogCopy> | undefined;
  return {
    append(stream, expected, events) {
      const bytes = sizeOf(events);
      if (bytes > MAX_APPEND_BYTES)
        return Promise.resolve({ outcome: "too_large", limit: MAX_APPEND_BYTES } as const);
      return commits.submit(bytes, (transaction) => append(transaction, stream, expected, events));
    },
    softDelete: (stream, expected) =>
      commits.submit(0, (transaction) => softDelete(transaction, stream, expected)),
    tombstone: (stream, expected) =>
      commits.submit(0, (transaction) => tombstone(transaction, stream, expected)),
    readStream: (stream, from, direction, bounds) => reader.readStream(stream, from, direction, bounds),
    readAll: (from, direction, bounds) => reader.readAll(from, direction, bounds),
    get head() {
      return BigInt(state.head);
    },
    lastRevision: (stream) => reader.lastRevision(stream),
    onCommit: (listener) => state.onCommit(listener),
    copy() {
      copying ??= copyLog(folder).finally(() => {
        copying = undefined;
      });
      return copying;
    },
    async close() {
      if (!folder.database.isOpen) return;
      commits.close();
      state.close();
      folder.close();
    },
  };
}

function sizeOf(events: readonly ProposedEvent[]): number {
  let bytes = 0;
  for (const { data, customMetadata, type } of events)
    bytes += data.length + customMetadata.length + 2 * type.length;
  return bytes;
}
