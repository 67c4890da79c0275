// A partner that says that it is gone is paused, as a person would have done it: whoever resumes it finds everything waiting.
import type { PartnerId } from "#domain/ids.ts";
import { PARTNER_CONFIG_STREAM, partnerConfigEvents, type StoredDelivery } from "#domain/partner/config.ts";
import { partnerConfiguration } from "#domain/partner/configured.ts";
import { changeStream } from "#platform/change.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { Log } from "#platform/log.ts";
import { retryUntil } from "#platform/retry.ts";

export interface PauseGoneParts {
  readonly partner: PartnerId;
  /** What was called: one that is configured by now may be well. */
  readonly delivery: StoredDelivery | undefined;
  readonly reason: string;
  readonly eventStore: EventStore;
  readonly signal: AbortSignal;
  readonly log: Log;
}

const codec = createCodec(partnerConfigEvents);
const BACKOFF = { baseMs: 200, maxMs: 5_000 };
const OURSELVES = "switchyard";

/** Until it is stored, or the signal is given. Never rejects. */
export async function pauseGone(parts: PauseGoneParts): Promise<void> {
  const { partner, delivery, reason, eventStore, signal, log } = parts;
  const { initial, evolve, decide } = partnerConfiguration;
  const command = { type: "pause_gone", partner, reason, delivery } as const;
  const pause = () =>
    changeStream({
      eventStore,
      stream: PARTNER_CONFIG_STREAM,
      codec,
      initial,
      evolve,
      decide: (partners) => decide(command, partners),
      by: OURSELVES,
    });
  const changed = await retryUntil(pause, {
    backoff: BACKOFF,
    signal,
    onFailure: (error) => log.warn({ err: error }, "partner that is gone not paused yet"),
  });
  if (changed?.accepted) log.warn({ reason }, "partner is gone and paused");
}
