// Stored events as a projection wants them: those it knows, in order; what it can't read is passed over and counted.
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
export type SkipReason = "unknown_type" | "unreadable" | "impossible" | "failed";

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
/** Several projections of a process get the same events. */
const decoded = new WeakMap<StoredEvent, ModelEvent | SkipReason>();

/** Throws WrittenByNewerRelease: what another release can read is waited for, or it would be missing from the model for ever. */
export function knownEvents(stored: readonly StoredEvent[], onSkipped: OnSkipped): Known[] {
  const known: Known[] = [];
  for (const raw of stored) {
    let event = decoded.get(raw);
    if (event === undefined) {
      event = decode(raw);
      decoded.set(raw, event);
    }
    if (typeof event === "string") onSkipped(raw, event);
    else known.push({ event, raw });
  }
  return known;
}

function decode(raw: StoredEvent): ModelEvent | SkipReason {
  // Others may write to the same store, and no row takes a time that is none.
  if (Number.isNaN(Date.parse(raw.metadata.at))) return "unreadable";
  try {
    const read = codec.decode(raw);
    return read.known ? read.event : "unknown_type";
  } catch (error) {
    if (!(error instanceof UnreadableEvent) || error instanceof WrittenByNewerRelease) throw error;
    return "unreadable";
  }
}
