// What a writer can ask for, decided and written within a batch.
import { randomUUID } from "node:crypto";
import type { Batch } from "./batch.ts";
import type { AppendResult, DeleteResult, Expected, ProposedEvent, Recorded } from "./event-log.ts";
import { judge } from "./expectation.ts";
import { isMetastream, metastreamOf, originalOf, type StreamHead } from "./stream-head.ts";
import { DELETED_METADATA, governedBy, recreatedFrom } from "./stream-metadata.ts";
import { dataOf } from "./wire.ts";

const NOTHING = Buffer.alloc(0);
const JSON_TYPE = "application/json";

export function append(
  batch: Batch,
  stream: string,
  expected: Expected,
  events: readonly ProposedEvent[],
): AppendResult {
  const head = headOf(batch, stream);
  const verdict = judgement(batch, head, expected, idsOf(events));
  switch (verdict.verdict) {
    case "deleted":
      return { outcome: "stream_tombstoned" };
    case "wrong_expected_version":
      return { outcome: "wrong_expected_version", actual: BigInt(head.last) };
    case "already_written":
      return appended(batch.eventAt(head, verdict.revision), head);
    case "write":
      return write(batch, head, events);
  }
}

function write(batch: Batch, head: StreamHead, events: readonly ProposedEvent[]): AppendResult {
  // Read before anything is written, so that damage found here harms no other writer.
  const metadata = head.life === "deleted" ? latestMetadata(batch, head.name) : undefined;
  const original = isMetastream(head.name) ? batch.head(originalOf(head.name)) : undefined;
  let last: Recorded | undefined;
  for (const event of events) last = batch.append(head.name, event);
  if (metadata !== undefined) recreate(batch, head.name, metadata, head.last + 1);
  const newest = events.at(-1);
  if (original !== undefined && newest !== undefined) govern(batch, original, newest);
  return appended(last, head);
}

function appended(last: Recorded | undefined, head: StreamHead): AppendResult {
  return { outcome: "appended", revision: last?.revision ?? BigInt(head.last), position: last?.position };
}

/** Metadata that is written to a deleted stream brings it back, with nothing of what it was. */
function govern(batch: Batch, original: StreamHead, metadata: ProposedEvent): void {
  batch.setHead(governedBy(original, metadata.contentType, metadata.data));
  if (original.life === "deleted") recreate(batch, original.name, metadata.data, original.last + 1);
}

function recreate(batch: Batch, stream: string, metadata: Uint8Array, truncateBefore: number): void {
  const data = recreatedFrom(metadata, truncateBefore);
  if (data === undefined) {
    const head = batch.head(stream);
    batch.setHead({ ...head, life: "live", retention: { ...head.retention, truncateBefore } });
    return;
  }
  batch.append(metastreamOf(stream), systemEvent("$metadata", JSON_TYPE, data));
  batch.setHead(governedBy(batch.head(stream), JSON_TYPE, data));
}

function latestMetadata(batch: Batch, stream: string): Buffer {
  const metastream = batch.head(metastreamOf(stream));
  const latest = batch.eventAt(metastream, metastream.last);
  return latest === undefined ? NOTHING : dataOf(latest.wire);
}

/** As on the real server: a metadata event that hides everything; what is appended later is numbered on. */
export function softDelete(batch: Batch, stream: string, expected: Expected): DeleteResult {
  const head = headOf(batch, stream);
  const refused = refusedDelete(batch, head, expected);
  if (refused) return refused;
  if (head.last < 0 && batch.head(metastreamOf(stream)).last < 0)
    return { outcome: "wrong_expected_version", actual: -1n };
  const event = systemEvent("$metadata", JSON_TYPE, DELETED_METADATA);
  const { position } = batch.append(metastreamOf(stream), event);
  batch.setHead(governedBy(batch.head(stream), JSON_TYPE, DELETED_METADATA));
  return { outcome: "deleted", position };
}

export function tombstone(batch: Batch, stream: string, expected: Expected): DeleteResult {
  const refused = refusedDelete(batch, headOf(batch, stream), expected);
  if (refused) return refused;
  const event = systemEvent("$streamDeleted", "application/octet-stream", NOTHING);
  return { outcome: "deleted", position: batch.tombstone(stream, event).position };
}

function refusedDelete(batch: Batch, head: StreamHead, expected: Expected): DeleteResult | undefined {
  // The deletion is an event of its own that is never there already.
  const { verdict } = judgement(batch, head, expected, [""]);
  if (verdict === "write") return undefined;
  return verdict === "deleted"
    ? { outcome: "stream_tombstoned" }
    : { outcome: "wrong_expected_version", actual: BigInt(head.last) };
}

/** The metadata of a tombstoned stream is gone with it. */
function headOf(batch: Batch, stream: string): StreamHead {
  const head = batch.head(stream);
  const gone = isMetastream(stream) && batch.head(originalOf(stream)).life === "tombstoned";
  return gone ? { ...head, life: "tombstoned" } : head;
}

function judgement(
  batch: Batch,
  head: StreamHead,
  expected: Expected,
  ids: readonly string[],
): ReturnType<typeof judge> {
  return judge(head, expected, ids, {
    revisionOf: (id) => batch.revisionOf(head.name, id),
    idAt: (revision) => batch.idAt(head, revision),
    hasMetadata: () => batch.head(metastreamOf(head.name)).last >= 0,
  });
}

function idsOf(events: readonly ProposedEvent[]): string[] {
  return events.map(({ id }) => id);
}

function systemEvent(type: string, contentType: string, data: Uint8Array): ProposedEvent {
  return { id: randomUUID(), type, contentType, data, customMetadata: NOTHING };
}
