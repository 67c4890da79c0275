// The groups' own events in the log: small JSON documents in system streams.
import { randomUUID } from "node:crypto";
import type { AppendResult, EventLog, ProposedEvent, Recorded } from "../engine/event-log.ts";
import { dataOf } from "../protocol/codec/read-response.ts";

const ANY = { kind: "any" } as const;

export interface SystemEvent {
  readonly type: string;
  readonly data: string;
  readonly metadata?: unknown;
}

/** Resolves with its revision when it is on disk. */
export async function appendSystemEvent(log: EventLog, stream: string, event: SystemEvent): Promise<bigint> {
  const result = await log.append(stream, ANY, [proposed(event)]);
  if (result.outcome !== "appended") throw new NotRecorded(stream, result.outcome);
  return result.revision;
}

export async function deleteSystemStream(log: EventLog, stream: string): Promise<void> {
  if (log.lastRevision(stream) >= 0n) await log.softDelete(stream, ANY);
}

export function textOf(event: Recorded): string {
  return Buffer.from(dataOf(event)).toString("utf8");
}

function proposed({ type, data, metadata }: SystemEvent): ProposedEvent {
  return {
    id: randomUUID(),
    type,
    contentType: "application/json",
    data: Buffer.from(data),
    customMetadata: Buffer.from(metadata === undefined ? "" : JSON.stringify(metadata)),
  };
}

/** Somebody tombstoned one of the groups' streams. */
class NotRecorded extends Error {
  override name = "NotRecorded";

  constructor(stream: string, outcome: AppendResult["outcome"]) {
    super(`'${stream}' takes no more events: ${outcome}`);
  }
}
