// One delivery from its mail to its outcome: recorded, called, recorded again, and only then is the mail acknowledged.

import type { DeliveryId } from "#domain/ids.ts";
import type { GiveUp, PartnerCommand, PartnerDecision, PartnerRefusal } from "#domain/partner/command.ts";
import type { PartnerConfig } from "#domain/partner/config.ts";
import type { ConfiguredPartner } from "#domain/partner/configured.ts";
import { dedupeKeyOf } from "#domain/partner/dedupe.ts";
import type { PartnerEvent, Timings } from "#domain/partner/events.ts";
import type { PartnerState } from "#domain/partner/state.ts";
import { deliveryContext } from "#domain/seal-contexts.ts";
import { factsOf } from "#domain/submission/route.ts";
import type { NotWritten, Written } from "#platform/batch-writer.ts";
import type { Lease } from "#platform/leases.ts";
import type { Log } from "#platform/log.ts";
import type { Metrics } from "#platform/metrics.ts";
import { backoffMs, pause } from "#platform/retry.ts";
import { KeyDestroyed, type Sealed, type Vault } from "#platform/vault/vault.ts";
import type { Channel, Prepared, Sent } from "./channels/channel.ts";
import type { PartnerWriter } from "./partner-writer.ts";
import type { Content, DeliveryMail } from "./read-mail.ts";
import type { Slots } from "./slots.ts";

export interface DeliverParts {
  readonly writer: Pick<PartnerWriter, "state" | "write">;
  readonly configured: () => ConfiguredPartner;
  readonly channel: () => Promise<Channel>;
  readonly slots: Slots;
  readonly lease: Pick<Lease, "valid">;
  readonly vault: Pick<Vault, "seal" | "sealCached" | "fingerprint">;
  readonly metrics: Metrics;
  readonly log: Log;
  /** Is told which attempts are under way. */
  readonly attempts: Map<DeliveryId, number>;
  /** Ends calls that are still under way. */
  readonly abandon: AbortSignal;
  /** After each decision: the circuit may have changed. */
  readonly onDecided: () => void;
}

/** Until a mail that has to wait for another delivery, or another owner, is looked at again. */
const LOOK_AGAIN_MS = 500;
const AFTER_FAILURE_MS = 1_000;
const BACKOFF = { baseMs: 50, maxMs: 2_000 };

/**
 * Never rejects; the mail is always answered. `onCalled` tells that the partner is done with, and how long it took; it is not told
 * where no call was made.
 */
export type Deliver = (delivery: DeliveryMail, onCalled: (ms: number) => void) => Promise<void>;

export function createDeliver(parts: DeliverParts): Deliver {
  const { writer, configured, channel, slots, lease, vault, metrics, log } = parts;
  const { attempts, abandon, onDecided } = parts;

  async function deliver(delivery: DeliveryMail, onCalled: (ms: number) => void): Promise<void> {
    const begun = performance.now();
    const { about, content, cause } = delivery;
    const { standing, config } = configured();
    if (standing === "removed") return giveUp(delivery, "partner_removed");
    if (!content.readable) return giveUp(delivery, content.why);

    const { submission, routed } = content;
    const { submission_id: id, delivery_id } = about;
    const ids = { id, delivery_id, ...(routed.person_id && { person_id: routed.person_id }) };
    const prepared = (await channel()).prepare({ submission, ids, trace: cause.trace, now: Date.now() });
    const sealed_request = await seal(delivery, content, prepared.request);
    if (sealed_request === undefined) return giveUp(delivery, "forgotten");

    const dedupe_key = dedupeKey(delivery, content, config);
    const command = { ...about, dedupe_key, sealed_request, policy: config, at: Date.now() };
    const { decision } = await write(delivery, { type: "start_attempt", ...command });
    if (!decision.accepted) {
      if (decision.reason === "too_large") return giveUp(delivery, "poison", "request_too_large");
      return answerLater(delivery, decision);
    }
    const started = decision.events.find((event) => event.type === "DeliveryStarted");
    if (started === undefined) return acknowledge(delivery, decision.events);
    const { attempt } = started.data;
    attempts.set(delivery_id, attempt);
    try {
      if (attempt > 1) metrics.retriesTotal.inc({ stage: "deliver" });
      const obstacle = (): string | undefined => obstacleTo(delivery, attempt, config);
      const { sent, partner_ms } = await send(delivery, prepared, obstacle, onCalled);
      const total_ms = performance.now() - begun;
      const timings = rounded({ total_ms, partner_ms, overhead_ms: total_ms - partner_ms });
      await record(delivery, content, attempt, sent, timings);
    } finally {
      attempts.delete(delivery_id);
    }
  }

  function write({ cause }: DeliveryMail, command: PartnerCommand): Promise<Written<PartnerDecision>> {
    const written = writer.write({ command, cause });
    onDecided();
    return written;
  }

  /** Why the partner must not be called any more, although it was recorded that it is. */
  function obstacleTo({ about }: DeliveryMail, attempt: number, config: PartnerConfig): string | undefined {
    if (abandon.aborted) return "abandoned";
    if (!lease.valid) return "lease_lost";
    // It would go where it went before, with what is recorded of it.
    if (configured().config !== config) return "reconfigured";
    const { state } = writer;
    const delivery = state?.open.get(about.delivery_id);
    // Another owner has recorded that it was interrupted, or may have: the stream has to be read again.
    if (delivery?.stage !== "calling" || delivery.attempts !== attempt) return "overtaken";
    const { circuit } = state as PartnerState;
    return circuit.state === "closed" || circuit.probe === about.delivery_id ? undefined : "circuit_open";
  }

  async function send(
    { about }: DeliveryMail,
    prepared: Prepared,
    obstacle: () => string | undefined,
    onCalled: (ms: number) => void,
  ): Promise<{ readonly sent: Sent; readonly partner_ms: number }> {
    const release = await slots.take();
    const called = performance.now();
    const reason = obstacle();
    const sent = reason === undefined ? await sendSafely(prepared, obstacle) : without("not_called", reason);
    release();
    const partner_ms = performance.now() - called;
    if (sent.outcome.outcome !== "not_called") {
      onCalled(partner_ms);
      metrics.deliverySeconds.observe({ partner: about.partner }, partner_ms / 1_000);
    }
    return { sent, partner_ms };
  }

  async function sendSafely(prepared: Prepared, obstacle: () => string | undefined): Promise<Sent> {
    try {
      return await prepared.send({ obstacle, abandon });
    } catch (error) {
      log.error({ err: error }, "channel failed");
      return without("unknown", "channel_failed");
    }
  }

  /** What the partner did must not be forgotten: it is recorded until it is stored, or somebody else owns the partner. */
  async function record(
    delivery: DeliveryMail,
    content: Content,
    attempt: number,
    { outcome, response }: Sent,
    timings: Timings,
  ): Promise<void> {
    let sealed_response = await sealResponse(delivery, content, response);
    for (let failures = 0; ; failures += 1) {
      const { decision } = await write(delivery, {
        type: "record_outcome",
        ...delivery.about,
        attempt,
        outcome,
        timings,
        ...(sealed_response && { sealed_response }),
        policy: configured().config,
        at: Date.now(),
        chance: Math.random(),
      });
      if (decision.accepted) return acknowledge(delivery, decision.events);
      if (decision.reason === "too_large") sealed_response = undefined;
      else if (decision.reason !== "not_stored") return answerLater(delivery, decision);
      log.warn({ lead_id: delivery.about.submission_id, reason: decision.reason }, "outcome not stored yet");
      await pause(backoffMs(failures, BACKOFF));
    }
  }

  async function giveUp(
    delivery: DeliveryMail,
    cause: GiveUp["cause"],
    reason: string = cause,
  ): Promise<void> {
    const { decision } = await write(delivery, { type: "give_up", ...delivery.about, cause, reason });
    if (decision.accepted) acknowledge(delivery, decision.events);
    else answerLater(delivery, decision);
  }

  /** It is stored what became of it. */
  function acknowledge({ mail, about, routedAt }: DeliveryMail, events: readonly PartnerEvent[]): void {
    for (const event of events) {
      const outcome = OUTCOMES[event.type];
      if (outcome === undefined) continue;
      metrics.deliveriesTotal.inc({ partner: about.partner, outcome });
      if (event.type === "DeliveryDuplicated") metrics.duplicatesTotal.inc({ partner: about.partner });
      if (event.type === "DeliveryFailed") {
        mail.nak(msUntil(Date.parse(event.data.retry_at)));
        continue;
      }
      mail.ack();
      metrics.stageSeconds.observe({ stage: "deliver" }, Math.max(0, Date.now() - routedAt) / 1_000);
    }
  }

  /** Without a key at hand it is left out: it must not wait. */
  async function sealResponse(
    delivery: DeliveryMail,
    content: Content,
    response: object,
  ): Promise<Sealed | undefined> {
    try {
      return await seal(delivery, content, response);
    } catch (error) {
      log.warn({ err: error, lead_id: delivery.about.submission_id }, "response not sealed, left out");
      return undefined;
    }
  }

  /** Undefined where the person is forgotten. */
  async function seal(
    { about }: DeliveryMail,
    { routed }: Content,
    value: object,
  ): Promise<Sealed | undefined> {
    const { key } = routed.sealed;
    const context = deliveryContext(about.delivery_id);
    try {
      return vault.sealCached(key, value, context) ?? (await vault.seal(key, value, context));
    } catch (error) {
      if (error instanceof KeyDestroyed) return undefined;
      throw error;
    }
  }

  function dedupeKey(
    { about }: DeliveryMail,
    { submission, routed }: Content,
    config: PartnerConfig,
  ): string {
    const { kind, source, key_fingerprint, person_id } = routed;
    const ids = { kind, source, key_fingerprint, person_id };
    return vault.fingerprint(`dedupe ${about.partner}`, dedupeKeyOf(config.dedupe, factsOf(submission), ids));
  }

  return async (delivery, onCalled) => {
    try {
      await deliver(delivery, onCalled);
    } catch (error) {
      log.warn({ err: error, lead_id: delivery.about.submission_id }, "delivery broke off and comes again");
      delivery.mail.nak(AFTER_FAILURE_MS);
    }
  };
}

/** Nothing is decided about it, or nothing new. */
function answerLater({ mail }: DeliveryMail, refused: PartnerRefusal | NotWritten): void {
  switch (refused.reason) {
    case "already_ended":
      mail.ack();
      return;
    case "not_yet":
    case "circuit_open":
      mail.nak(msUntil(refused.until));
      return;
    case "in_flight":
    case "not_calling":
    case "probe_in_flight":
    case "key_in_flight":
    case "not_stored":
    case "not_the_writer":
    case "too_large":
      mail.nak(LOOK_AGAIN_MS);
  }
}

const OUTCOMES: Partial<Record<PartnerEvent["type"], string>> = {
  DeliverySucceeded: "delivered",
  DeliveryFailed: "failed",
  DeliveryRejected: "rejected",
  DeliveryDuplicated: "duplicate",
  DeliveryDeadLettered: "dead_lettered",
};

const without = (outcome: "not_called" | "unknown", reason: string): Sent => ({
  outcome: { outcome, reason },
  response: { error: reason },
});

const msUntil = (ms: number): number => Math.max(1, ms - Date.now());

const rounded = (timings: Timings): Timings => ({
  total_ms: Math.round(timings.total_ms * 100) / 100,
  partner_ms: Math.round(timings.partner_ms * 100) / 100,
  overhead_ms: Math.round(timings.overhead_ms * 100) / 100,
});
