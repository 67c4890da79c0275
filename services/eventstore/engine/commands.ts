// What a writer can ask for, decided and written within a transaction.
import { randomUUID } from "node:crypto";
import type { AppendResult, DeleteResult, Expected, ProposedEvent, RecordedEvent } from "./event-log.ts";
import { type Check, checkExpected } from "./expected-revision.ts";
import { dataOf } from "./recorded-event.ts";
import { isMetastream, metastreamOf, originalOf, type StreamHead } from "./stream-head.ts";
import { DELETED_METADATA, recreatedMetadata, withMetadata } from "./stream-metadata.ts";
import type { Transaction } from "./transaction.ts";

const EMPTY = Buffer.alloc(0);
const JSON_TYPE = "application/json";

export function append(
  transaction: Transaction,
  stream: string,
  expected: Expected,
  events: readonly ProposedEvent[],
): AppendResult {
  const head = headOf(transaction, stream);
  const ids = events.map(({ id }) => id);
  const check = checkWrite(transaction, head, expected, ids);
  switch (check.outcome) {
    case "stream_deleted":
      return { outcome: "stream_tombstoned" };
    case "wrong_expected_version":
      return { outcome: "wrong_expected_version", actual: BigInt(head.last) };
    case "already_written":
      return appended(head, transaction.eventAt(head, check.revision));
    case "write":
      return appended(head, write(transaction, head, events));
  }
}

function appended(head: StreamHead, last: RecordedEvent | undefined): AppendResult {
  return { outcome: "appended", revision: last?.revision ?? BigInt(head.last), position: last?.position };
}

function write(
  transaction: Transaction,
  head: StreamHead,
  events: readonly ProposedEvent[],
): RecordedEvent | undefined {
  // Read before anything is written, so that damage found here harms no other writer.
  const metadata = head.life === "deleted" ? latestMetadata(transaction, head.name) : undefined;
  const original = isMetastream(head.name) ? transaction.head(originalOf(head.name)) : undefined;
  let last: RecordedEvent | undefined;
  for (const event of events) last = transaction.append(head.name, event);
  if (metadata !== undefined) recreate(transaction, head.name, metadata, head.last + 1);
  const newest = events.at(-1);
  if (original !== undefined && newest !== undefined) applyMetadata(transaction, original, newest);
  return last;
}

/** Metadata that is written to a deleted stream brings it back, with none of its old events. */
function applyMetadata(
  transaction: Transaction,
  head: StreamHead,
  { contentType, data }: ProposedEvent,
): void {
  transaction.setHead(withMetadata(head, contentType, data));
  if (head.life === "deleted") recreate(transaction, head.name, data, head.last + 1);
}

function recreate(
  transaction: Transaction,
  stream: string,
  metadata: Uint8Array,
  truncateBefore: number,
): void {
  const data = recreatedMetadata(metadata, truncateBefore);
  if (data === undefined) {
    const head = transaction.head(stream);
    transaction.setHead({ ...head, life: "live", retention: { ...head.retention, truncateBefore } });
    return;
  }
  writeMetadata(transaction, stream, data);
}

function writeMetadata(transaction: Transaction, stream: string, data: Uint8Array): RecordedEvent {
  const event = systemEvent("$metadata", JSON_TYPE, data);
  const recorded = transaction.append(metastreamOf(stream), event);
  transaction.setHead(withMetadata(transaction.head(stream), JSON_TYPE, data));
  return recorded;
}

function latestMetadata(transaction: Transaction, stream: string): Buffer {
  const metastream = transaction.head(metastreamOf(stream));
  const latest = transaction.eventAt(metastream, metastream.last);
  return latest === undefined ? EMPTY : dataOf(latest.wire);
}

/** As on the real server: a metadata event that hides everything; later events continue its revisions. */
export function softDelete(transaction: Transaction, stream: string, expected: Expected): DeleteResult {
  const head = headOf(transaction, stream);
  const notDeleted = checkDelete(transaction, head, expected);
  if (notDeleted) return notDeleted;
  if (head.last < 0 && transaction.head(metastreamOf(stream)).last < 0)
    return { outcome: "wrong_expected_version", actual: -1n };
  return { outcome: "deleted", position: writeMetadata(transaction, stream, DELETED_METADATA).position };
}

export function tombstone(transaction: Transaction, stream: string, expected: Expected): DeleteResult {
  const notDeleted = checkDelete(transaction, headOf(transaction, stream), expected);
  if (notDeleted) return notDeleted;
  const event = systemEvent("$streamDeleted", "application/octet-stream", EMPTY);
  return { outcome: "deleted", position: transaction.tombstone(stream, event).position };
}

function checkDelete(
  transaction: Transaction,
  head: StreamHead,
  expected: Expected,
): DeleteResult | undefined {
  // The deletion is an event of its own, which can't have been written already.
  const { outcome } = checkWrite(transaction, head, expected, [""]);
  if (outcome === "write") return undefined;
  return outcome === "stream_deleted"
    ? { outcome: "stream_tombstoned" }
    : { outcome: "wrong_expected_version", actual: BigInt(head.last) };
}

/** The metadata of a tombstoned stream is gone with it. */
function headOf(transaction: Transaction, stream: string): StreamHead {
  const head = transaction.head(stream);
  const gone = isMetastream(stream) && transaction.head(originalOf(stream)).life === "tombstoned";
  return gone ? { ...head, life: "tombstoned" } : head;
}

function checkWrite(
  transaction: Transaction,
  head: StreamHead,
  expected: Expected,
  ids: readonly string[],
): Check {
  return checkExpected(head, expected, ids, {
    revisionOf: (id) => transaction.revisionOf(head.name, id),
    idAt: (revision) => transaction.idAt(head, revision),
    hasMetadata: () => transaction.head(metastreamOf(head.name)).last >= 0,
  });
}

function systemEvent(type: string, contentType: string, data: Uint8Array): ProposedEvent {
  return { id: randomUUID(), type, contentType, data, customMetadata: EMPTY };
}
