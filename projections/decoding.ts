// Stored events as a projection wants them: those it knows, in order; what it can't read is passed over and counted.
import { type Codec, UnreadableEvent } from "#platform/event-store/codec.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";

export interface Known<Event> {
  readonly event: Event;
  readonly raw: StoredEvent;
}

/** Told of each event that was passed over. */
export type OnSkipped = (raw: StoredEvent, why: "unknown_type" | "unreadable") => void;

export function knownEvents<Event extends { readonly type: string; readonly data: unknown }>(
  codec: Codec<Event>,
  stored: readonly StoredEvent[],
  onSkipped: OnSkipped,
): Known<Event>[] {
  const known: Known<Event>[] = [];
  for (const raw of stored) {
    try {
      const decoded = codec.decode(raw);
      if (decoded.known) known.push({ event: decoded.event, raw });
      else onSkipped(raw, "unknown_type");
    } catch (error) {
      if (!(error instanceof UnreadableEvent)) throw error;
      onSkipped(raw, "unreadable");
    }
  }
  return known;
}
