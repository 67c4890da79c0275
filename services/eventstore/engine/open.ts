// Opens the log of a data folder: what it promises is in event-log.ts, how it keeps it in docs/eventstore/storage.md.
import { append, softDelete, tombstone } from "./commands.ts";
import { type DataFolder, openDataFolder } from "./data-folder.ts";
import { type EventLog, MAX_APPEND_BYTES, type ProposedEvent } from "./event-log.ts";
import { type EngineLog, GroupCommit } from "./group-commit.ts";
import { LogState } from "./log-state.ts";
import { Reader } from "./reader.ts";
import { Storage } from "./storage.ts";

export { DataFolderRefused } from "./data-folder.ts";

export interface DurableEventLog extends EventLog {
  /** Writes what was submitted, then lets go of the folder. */
  close(): Promise<void>;
}

export interface OpenOptions {
  readonly dir: string;
  readonly now?: () => number;
  /** A pino logger will do. */
  readonly log?: EngineLog;
}

/** Rejects with DataFolderRefused or CorruptLog, whose messages are for the operator. */
export async function openEventLog({ dir, now = Date.now, log }: OpenOptions): Promise<DurableEventLog> {
  const folder = openDataFolder(dir);
  try {
    return logIn(folder, now, log);
  } catch (error) {
    folder.close();
    throw error;
  }
}

export function logIn(
  folder: DataFolder,
  now: () => number,
  log?: EngineLog,
  eventsPerRound?: number,
): DurableEventLog {
  const storage = new Storage(folder.database, folder.dir);
  const state = new LogState(storage, folder.acknowledged, eventsPerRound);
  const commits = new GroupCommit(state, now, log);
  const reader = new Reader(state, now);
  return {
    append: (stream, expected, events) => {
      const bytes = sizeOf(events);
      if (bytes > MAX_APPEND_BYTES)
        return Promise.resolve({ outcome: "too_large", limit: MAX_APPEND_BYTES } as const);
      return commits.submit(bytes, (batch) => append(batch, stream, expected, events));
    },
    softDelete: (stream, expected) => commits.submit(0, (batch) => softDelete(batch, stream, expected)),
    tombstone: (stream, expected) => commits.submit(0, (batch) => tombstone(batch, stream, expected)),
    readStream: (stream, from, direction, bounds) => reader.readStream(stream, from, direction, bounds),
    readAll: (from, direction, bounds) => reader.readAll(from, direction, bounds),
    get head() {
      return BigInt(state.head);
    },
    lastRevision: (stream) => reader.lastRevision(stream),
    onCommit: (listener) => state.onCommit(listener),
    close: async () => {
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
