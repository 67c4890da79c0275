// All that happened to one lead, read from the log where its row points to, with each attempt's request, response and timings.
import { Sealed } from "#domain/event.ts";
import { DeliveryId, PartnerId } from "#domain/ids.ts";
import { partnerStream } from "#domain/partner/events.ts";
import { deliveryContext } from "#domain/seal-contexts.ts";
import { submissionStream } from "#domain/submission/events.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import type { Vault } from "#platform/vault/vault.ts";
import { type Known, knownEvents } from "../decoding.ts";
import { isAboutALead, type LeadEvent } from "../lead-state.ts";
import { readRun, runsOf } from "../stream-runs.ts";
import { evolve, type LeadRow } from "./lead.ts";

export interface Timings {
  readonly total_ms: number;
  readonly partner_ms: number;
  readonly overhead_ms: number;
}

/** One event; beside these fields it has those of the event that are not personal. */
export interface TimelineItem {
  readonly position: string;
  readonly at: string;
  readonly type: string;
  readonly attempt?: number;
  readonly request?: unknown;
  readonly response?: unknown;
  readonly timings?: Timings;
  readonly [field: string]: unknown;
}

export interface TimelineParts {
  readonly eventStore: Pick<EventStore, "readStream">;
  readonly vault: Pick<Vault, "openReadable">;
}

type Place = Pick<LeadRow, "id" | "last_position" | "partner_events">;

export async function timelineOf(row: Place, { eventStore, vault }: TimelineParts): Promise<TimelineItem[]> {
  const events = await eventsOf(row, eventStore);
  return itemsOf(events, await openedParts(vault, events));
}

/** A time, or a place in the log. */
export type When = Date | bigint;

/** The row as it was then; undefined before the lead was received. */
export async function rowAt(
  row: Place,
  when: When,
  eventStore: TimelineParts["eventStore"],
): Promise<LeadRow | undefined> {
  const isBefore = ({ position, metadata }: StoredEvent): boolean =>
    typeof when === "bigint" ? position <= when : new Date(metadata.at) <= when;
  let then: LeadRow | undefined;
  for (const { event, raw } of await eventsOf(row, eventStore))
    if (isBefore(raw)) then = evolve(then, event, raw);
  return then;
}

/** All that happened to it as far as its row knows, in order. */
async function eventsOf(row: Place, eventStore: TimelineParts["eventStore"]): Promise<Known<LeadEvent>[]> {
  const [own, ...atPartners] = await Promise.all([
    eventStore.readStream(submissionStream(row.id)),
    ...Object.entries(row.partner_events).map(([partner, revisions]) =>
      eventsAt(eventStore, partnerStream(PartnerId.parse(partner)), revisions),
    ),
  ]);
  const stored = [...own.filter(({ position }) => position <= row.last_position), ...atPartners.flat()];
  stored.sort((a, b) => Number(a.position - b.position));
  return knownEvents(stored, () => undefined).filter(isAboutALead);
}

/** Closer than this, one read that also brings what others did in between costs less than two. */
const MAX_GAP = 16;

async function eventsAt(
  eventStore: TimelineParts["eventStore"],
  stream: string,
  revisions: readonly number[],
): Promise<StoredEvent[]> {
  const runs = runsOf(revisions, { maxGap: MAX_GAP });
  const wanted = new Set(revisions);
  const pages = await Promise.all(runs.map((run) => readRun(eventStore, stream, run)));
  return pages.flat().filter(({ revision }) => wanted.has(Number(revision)));
}

function itemsOf(
  events: readonly Known<LeadEvent>[],
  opened: readonly Record<string, unknown>[],
): TimelineItem[] {
  const requests = new Map<string, unknown>();
  return events.map(({ event, raw: { position, metadata } }, index) => {
    const data: Record<string, unknown> = event.data;
    const { sealed, sealed_request, sealed_response, sealed_reason, submission_id, ...rest } = data;
    // An outcome that ends the delivery says how many attempts there were: it is that of the last one.
    const number = data.attempt ?? (data.timings === undefined ? undefined : data.attempts);
    const attempt = `${data.delivery_id} ${number}`;
    const parts: Record<string, unknown> = {
      ...(number !== undefined && { attempt: number }),
      ...opened[index],
    };
    if ("request" in parts) requests.set(attempt, parts.request);
    // An attempt's outcome repeats what was requested, so that the one item tells all of it.
    else if (requests.has(attempt)) parts.request = requests.get(attempt);
    const at = new Date(metadata.at).toISOString();
    return { position: String(position), at, type: event.type, ...rest, ...parts };
  });
}

/** Which field of an event is which part of an attempt. */
const SEALED_PARTS = {
  sealed_request: "request",
  sealed_response: "response",
  sealed_reason: "reason",
} as const;

/** What stands sealed in each event, in the clear; null where its key is destroyed. */
async function openedParts(
  vault: TimelineParts["vault"],
  events: readonly Known<LeadEvent>[],
): Promise<Record<string, unknown>[]> {
  const sealed = events.flatMap(({ event }, index) => {
    const data: Record<string, unknown> = event.data;
    return Object.entries(SEALED_PARTS).flatMap(([field, part]) => {
      const parsed = Sealed.safeParse(data[field]);
      if (!parsed.success) return [];
      const context = deliveryContext(DeliveryId.parse(data.delivery_id));
      return [{ index, part, sealed: parsed.data, context }];
    });
  });
  const values = await vault.openReadable(sealed);
  const parts: Record<string, unknown>[] = events.map(() => ({}));
  for (const [n, { index, part }] of sealed.entries()) {
    const of = parts[index];
    if (of === undefined) continue;
    // What can't be opened leaves the reason in our words.
    if (part !== "reason") of[part] = values[n] ?? null;
    else if (values[n] !== undefined) of.reason = values[n];
  }
  return parts;
}
