// One delivery from its mail to its outcome: recorded, called, recorded again, and only then is the mail acknowledged.

import type { DeliveryId } from "#domain/ids.ts";
import type { GiveUp, PartnerCommand, PartnerDecision } from "#domain/partner/command.ts";
import type { PartnerConfig } from "#domain/partner/config.ts";
import type { ConfiguredPartner } from "#domain/partner/configured.ts";
import { dedupeKeyOf } from "#domain/partner/dedupe.ts";
import type { Timings } from "#domain/partner/events.ts";
import type { PartnerState } from "#domain/partner/state.ts";
import { deliveryContext } from "#domain/seal-contexts.ts";
import { factsOf } from "#domain/submission/route.ts";
import type { Written } from "#platform/batch-writer.ts";
import type { Lease } from "#platform/leases.ts";
import type { Log } from "#platform/log.ts";
import type { Metrics } from "#platform/metrics.ts";
import { backoffMs, pause } from "#platform/retry.ts";
import { KeyDestroyed, type Sealed, type Vault } from "#platform/vault/vault.ts";
import { acknowledge, postpone } from "./acknowledge.ts";
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

const AFTER_FAILURE_MS = 1_000;
const BACKOFF = { baseMs: 50, maxMs: 2_000 };

/**
 * Never rejects; the mail is always acknowledged or handed back. `onCalled` tells that the partner is done with, and how long it took; it is not told
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

    const key = dedupeKeyOf(config.dedupe, factsOf(submission), routed);
    const dedupe_key = vault.fingerprint(`dedupe ${about.partner}`, key);
    const command = { ...about, dedupe_key, sealed_request, policy: config, at: Date.now() };
    const { decision } = await write(delivery, { type: "start_attempt", ...command });
    if (!decision.accepted) {
      if (decision.reason === "too_large") return giveUp(delivery, "poison", "request_too_large");
      return postpone(delivery, decision);
    }
    const started = decision.events.find((event) => event.type === "DeliveryStarted");
    if (started === undefined) return acknowledge(delivery, decision.events, metrics);
    const { attempt } = started.data;
    attempts.set(delivery_id, attempt);
    try {
      if (attempt > 1) metrics.retriesTotal.inc({ stage: "deliver" });
      const obstacle = (): string | undefined => obstacleTo(delivery, attempt, config);
      const { sent, partner_ms } = await send(delivery, prepared, obstacle, onCalled);
      await record(delivery, content, attempt, sent, timingsOf(performance.now() - begun, partner_ms));
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
    const sent =
      reason === undefined
        ? await prepared.send({ obstacle, abandon }).catch(failed)
        : without("not_called", reason);
    release();
    const partner_ms = performance.now() - called;
    if (sent.outcome.outcome !== "not_called") {
      onCalled(partner_ms);
      metrics.deliverySeconds.observe({ partner: about.partner }, partner_ms / 1_000);
    }
    return { sent, partner_ms };
  }

  function failed(error: unknown): Sent {
    log.error({ err: error }, "channel failed");
    return without("unknown", "channel_failed");
  }

  /** What the partner did must not be forgotten: it is recorded until it is stored, or somebody else owns the partner. */
  async function record(
    delivery: DeliveryMail,
    content: Content,
    attempt: number,
    { outcome, response }: Sent,
    timings: Timings,
  ): Promise<void> {
    const { submission_id: lead_id } = delivery.about;
    // Without a key at hand the response is left out: the outcome must not wait for it.
    let sealed_response = await seal(delivery, content, response).catch((error: unknown) => {
      log.warn({ err: error, lead_id }, "response not sealed, left out");
      return undefined;
    });
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
      if (decision.accepted) return acknowledge(delivery, decision.events, metrics);
      if (decision.reason === "too_large") sealed_response = undefined;
      else if (decision.reason !== "not_stored") return postpone(delivery, decision);
      log.warn({ lead_id, reason: decision.reason }, "outcome not stored yet");
      await pause(backoffMs(failures, BACKOFF));
    }
  }

  async function giveUp(
    delivery: DeliveryMail,
    cause: GiveUp["cause"],
    reason: string = cause,
  ): Promise<void> {
    const { decision } = await write(delivery, { type: "give_up", ...delivery.about, cause, reason });
    if (decision.accepted) acknowledge(delivery, decision.events, metrics);
    else postpone(delivery, decision);
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

  return async (delivery, onCalled) => {
    try {
      await deliver(delivery, onCalled);
    } catch (error) {
      log.warn({ err: error, lead_id: delivery.about.submission_id }, "delivery broke off and comes again");
      delivery.mail.nak(AFTER_FAILURE_MS);
    }
  };
}

const without = (outcome: "not_called" | "unknown", reason: string): Sent => ({
  outcome: { outcome, reason },
  response: { error: reason },
});

const rounded = (ms: number): number => Math.round(ms * 100) / 100;

const timingsOf = (total: number, partner: number): Timings => ({
  total_ms: rounded(total),
  partner_ms: rounded(partner),
  overhead_ms: rounded(total - partner),
});
