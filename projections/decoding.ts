// Stored events as a projection wants them: those it knows, in order; what it can't read is passed over and counted.
import { setImmediate } from "node:timers/promises";
import { type CampaignEvent, campaignEvents } from "#domain/campaign/events.ts";
import { type DeadLetterEvent, deadLetterEvents } from "#domain/dead-letter/request.ts";
import { type IdentityEvent, identityEvents } from "#domain/identity/events.ts";
import { type IntakeEvent, intakeEvents } from "#domain/intake/events.ts";
import { type PartnerEvent, partnerEvents } from "#domain/partner/events.ts";
import { type ShadowEvent, shadowEvents } from "#domain/rules/shadow.ts";
import { type SubmissionEvent, submissionEvents } from "#domain/submission/events.ts";
import { createCodec, UnreadableEvent, WrittenByNewerRelease } from "#platform/event-store/codec.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";

/** What the read models are made of. */
export type ModelEvent =
  | SubmissionEvent
  | PartnerEvent
  | IdentityEvent
  | IntakeEvent
  | DeadLetterEvent
  | CampaignEvent
  | ShadowEvent;

export interface Known<Event extends ModelEvent = ModelEvent> {
  readonly event: Event;
  readonly raw: StoredEvent;
}

/** "impossible" where it can be read, and can't have happened after what happened before; "failed" where it can't be written. */
export const skipReasons = ["unknown_type", "unreadable", "impossible", "failed"] as const;
export type SkipReason = (typeof skipReasons)[number];

/** Told of each event that was passed over. */
export type OnSkipped = (raw: StoredEvent, why: SkipReason) => void;

const codec = createCodec({
  ...submissionEvents,
  ...partnerEvents,
  ...identityEvents,
  ...intakeEvents,
  ...deadLetterEvents,
  ...campaignEvents,
  ...shadowEvents,
});
/**
 * Several projections of a process get the same events, so what was decoded stays with the event. A WeakMap would say the same and take
 * four times as long, most of it in the garbage collector.
 */
const DECODED = Symbol("decoded");
interface KeepsDecoded {
  [DECODED]?: Known | SkipReason;
}

/** Throws WrittenByNewerRelease: what another release can read is waited for, or it would be missing from the model for ever. */
export function knownEvents(stored: readonly StoredEvent[], onSkipped: OnSkipped): Known[] {
  const known: Known[] = [];
  for (const raw of stored) {
    const one = decodedOnce(raw);
    if (typeof one === "string") onSkipped(raw, one);
    else known.push(one);
  }
  return known;
}

/** So many are decoded before others get their turn: a few milliseconds. */
const AT_ONCE = 256;

/** While others wait for the database; what throws here throws again when somebody wants to know it. */
export async function decodeAhead(stored: readonly StoredEvent[]): Promise<void> {
  for (const [n, raw] of stored.entries()) {
    if (n % AT_ONCE === 0) await setImmediate();
    try {
      decodedOnce(raw);
    } catch {}
  }
}

function decodedOnce(raw: StoredEvent & KeepsDecoded): Known | SkipReason {
  raw[DECODED] ??= decode(raw);
  return raw[DECODED];
}

function decode(raw: StoredEvent): Known | SkipReason {
  // Others may write to the same store, and no row takes a time that is none.
  if (Number.isNaN(Date.parse(raw.metadata.at))) return "unreadable";
  try {
    const read = codec.decode(raw);
    return read.known ? { event: read.event, raw } : "unknown_type";
  } catch (error) {
    if (!(error instanceof UnreadableEvent) || error instanceof WrittenByNewerRelease) throw error;
    return "unreadable";
  }
}
