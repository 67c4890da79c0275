// An event log in a folder of its own, for tests of the engine itself.
import { randomUUID } from "node:crypto";
import type { EventLog, ProposedEvent, RecordedEvent } from "../../services/eventstore/engine/event-log.ts";
import { openEventLog } from "../../services/eventstore/engine/open.ts";
import { dataOf, idOf } from "../../services/eventstore/engine/recorded-event.ts";
import { temporaryFolder } from "./server.ts";

export const ANY = { kind: "any" } as const;
export const NO_STREAM = { kind: "no_stream" } as const;
export const EXISTS = { kind: "stream_exists" } as const;
export const revision = (value: number) => ({ kind: "revision", revision: BigInt(value) }) as const;

export const PAGE = { maxCount: 1_000, maxBytes: 10_000_000 };

export function event(text = "", changes: Partial<ProposedEvent> = {}): ProposedEvent {
  return {
    id: randomUUID(),
    type: "Tested",
    contentType: "application/json",
    data: Buffer.from(JSON.stringify({ text })),
    customMetadata: Buffer.alloc(0),
    ...changes,
  };
}

export const events = (count: number): ProposedEvent[] => Array.from({ length: count }, () => event());

export const metadata = (settings: object): ProposedEvent =>
  event("", { type: "$metadata", data: Buffer.from(JSON.stringify(settings)) });

export const ids = (found: readonly RecordedEvent[]): string[] => found.map(({ wire }) => idOf(wire));
export const revisions = (found: readonly RecordedEvent[]): number[] =>
  found.map((one) => Number(one.revision));
export const text = ({ wire }: RecordedEvent): string => JSON.parse(dataOf(wire).toString()).text;

interface ScratchLog {
  readonly dir: string;
  readonly log: EventLog;
  /** The same folder, opened anew. */
  reopened(): Promise<EventLog>;
}

export async function scratchLog(now?: () => number): Promise<ScratchLog> {
  const dir = temporaryFolder("event-log-");
  const options = now ? { dir, now } : { dir };
  let log = await openEventLog(options);
  return {
    dir,
    get log() {
      return log;
    },
    async reopened() {
      await log.close();
      log = await openEventLog(options);
      return log;
    },
  };
}
