// One delivery from its mail to its outcome: recorded, called, recorded again, and only then is the mail acknowledged.

import type { DeliveryId, PartnerId } from "#domain/ids.ts";
import type { About, GiveUp, PartnerCommand, PartnerDecision } from "#domain/partner/command.ts";
import type { PartnerSettings } from "#domain/partner/config.ts";
import type { ConfiguredPartner } from "#domain/partner/configured.ts";
import type { PartnerEvent } from "#domain/partner/events.ts";
import { storable } from "#domain/partner/outcome.ts";
import type { PartnerState } from "#domain/partner/state.ts";
import { TemplateTooLarge } from "#domain/partner/template.ts";
import type { Written } from "#platform/batch-writer.ts";
import type { Lease } from "#platform/leases.ts";
import type { Log } from "#platform/log.ts";
import type { Metrics } from "#platform/metrics.ts";
import type { Vault } from "#platform/vault/vault.ts";
import { acknowledge } from "./acknowledge.ts";
import { boundedSend } from "./bounded-send.ts";
import type { CampaignRests } from "./campaign-rests.ts";
import type { Channel, Prepared, Sent } from "./channels/channel.ts";
import type { DedupeKey, DedupeKeys } from "./dedupe-keys.ts";
import { removalOf } from "./drain.ts";
import type { PartnerWriter } from "./partner-writer.ts";
import type { PastOfMail } from "./past-of-mail.ts";
import type { Postponed } from "./postponed.ts";
import type { Content, DeliveryMail } from "./read-mail.ts";
import { boundedRecord, MAX_REQUEST_BYTES } from "./record.ts";
import { outcomeRecorder, sealFor, timingsOf } from "./record-outcome.ts";
import type { Slots } from "./slots.ts";

export interface DeliverParts {
  readonly writer: Pick<PartnerWriter, "state" | "write">;
  readonly configured: () => ConfiguredPartner;
  /** Whether another partner takes submissions now. */
  readonly isOpen: (partner: PartnerId) => boolean;
  readonly campaigns: CampaignRests;
  readonly channel: () => Promise<Channel>;
  readonly slots: Slots;
  readonly lease: Pick<Lease, "valid">;
  readonly vault: Pick<Vault, "seal" | "sealCached">;
  readonly dedupeKey: DedupeKeys["get"];
  readonly pastOf: PastOfMail["get"];
  readonly postponed: Pick<Postponed, "postpone">;
  readonly metrics: Metrics;
  readonly log: Log;
  /** Is told which attempts are under way. */
  readonly attempts: Map<DeliveryId, number>;
  /** The partner that was configured so has said that it is gone. Told before its delivery can come again. */
  readonly onGone: (partner: ConfiguredPartner, reason: string) => void;
  /** Ends calls that are still under way. */
  readonly abandon: AbortSignal;
  /** A partner that its waterfall goes on to was enabled while this was being stored. */
  readonly onNextOpened: (delivery: DeliveryId) => void;
  /** After each decision: the circuit may have changed. */
  readonly onDecided: () => void;
}

const CAMPAIGN_CANCELLED = { cause: "drained", reason: "campaign_cancelled" } as const;
const REQUEST_TOO_LARGE = { cause: "poison", reason: "request_too_large" } as const;
const AFTER_FAILURE_MS = 1_000;

/**
 * Whether an attempt was begun. Never rejects; the mail is always acknowledged, postponed or handed back. `onCalled` tells that the
 * partner is done with, and how long it took; it is not told where no call was made.
 */
export type Deliver = (delivery: DeliveryMail, onCalled: (ms: number) => void) => Promise<boolean>;

export function createDeliver(parts: DeliverParts): Deliver {
  const {
    writer,
    configured,
    campaigns,
    channel,
    slots,
    lease,
    vault,
    dedupeKey,
    pastOf,
    postponed,
    metrics,
    log,
  } = parts;
  const { attempts, abandon, isOpen, onDecided, onGone, onNextOpened } = parts;

  const record = outcomeRecorder({
    vault,
    configured,
    write,
    onRecorded: (delivery, events) => void done(delivery, events),
    onRefused: (delivery, decision) => postponed.postpone(delivery, decision),
    log,
  });

  const restMs = ({ sent_for }: About): number | "cancelled" =>
    sent_for === undefined ? 0 : campaigns.restMs(sent_for.campaign, Date.now());

  async function deliver(delivery: DeliveryMail, onCalled: (ms: number) => void): Promise<boolean> {
    const begun = performance.now();
    const { about, content } = delivery;
    const partner = configured();
    const { standing, config } = partner;
    if (standing === "removed") return giveUp(delivery, removalOf(partner));
    if (restMs(about) === "cancelled") return giveUp(delivery, CAMPAIGN_CANCELLED);
    if (!content.readable) return giveUp(delivery, { cause: content.why });

    const dedupe = await dedupeKey(delivery);
    if ("failed" in dedupe) return withoutKey(delivery, dedupe);
    const prepared = prepare(await channel(), delivery, content);
    if (prepared === undefined) return giveUp(delivery, REQUEST_TOO_LARGE);
    const sealed_request = await sealFor(
      about,
      content,
      boundedRecord(prepared.request, MAX_REQUEST_BYTES),
      vault,
    );
    if (sealed_request === undefined) return giveUp(delivery, { cause: "forgotten" });

    const hasNext = (): boolean => content.routed.route.remaining.some(isOpen);
    const command = {
      ...about,
      past: await pastOf(delivery, dedupe.key),
      dedupe_key: dedupe.key,
      has_next: hasNext(),
      sealed_request,
      config_version: partner.version,
      policy: config,
      at: Date.now(),
    };
    const { decision } = await write(delivery, { type: "start_attempt", ...command });
    if (!decision.accepted) {
      if (decision.reason === "too_large") return giveUp(delivery, REQUEST_TOO_LARGE);
      postponed.postpone(delivery, decision);
      return false;
    }
    if (!command.has_next && hasNext()) onNextOpened(about.delivery_id);
    const started = decision.events.find((event) => event.type === "DeliveryStarted");
    if (started === undefined) return done(delivery, decision.events);
    await makeAttempt(delivery, content, prepared, started.data.attempt, partner, begun, onCalled);
    return true;
  }

  /** Nobody knows whether the partner has the same already, so it gets nothing. */
  async function withoutKey(
    delivery: DeliveryMail,
    { failed: reason, retryMs }: Extract<DedupeKey, { failed: string }>,
  ): Promise<false> {
    if (retryMs === undefined) return giveUp(delivery, { cause: "dedupe_failed", reason });
    delivery.mail.nak(retryMs);
    return false;
  }

  /** Undefined where what is to be sent would be larger than anybody takes. */
  function prepare(
    channel: Channel,
    { about, cause }: DeliveryMail,
    { submission, routed }: Content,
  ): Prepared | undefined {
    const { submission_id: id } = about;
    // What was redriven keeps the id that the partner may know it by.
    const delivery_id = routed.route.sent_as ?? about.delivery_id;
    const ids = { id, delivery_id, ...(routed.person_id && { person_id: routed.person_id }) };
    try {
      return channel.prepare({ submission, ids, trace: cause.trace, cause: cause.id, now: Date.now() });
    } catch (error) {
      if (error instanceof TemplateTooLarge) return undefined;
      throw error;
    }
  }

  async function makeAttempt(
    delivery: DeliveryMail,
    content: Content,
    prepared: Prepared,
    attempt: number,
    partner: ConfiguredPartner,
    begun: number,
    onCalled: (ms: number) => void,
  ): Promise<void> {
    const { delivery_id } = delivery.about;
    attempts.set(delivery_id, attempt);
    try {
      if (attempt > 1) metrics.retriesTotal.inc({ stage: "deliver" });
      const obstacle = (): string | undefined => obstacleTo(delivery, attempt, partner.config);
      const { sent, partner_ms } = await send(delivery, prepared, obstacle, onCalled);
      if (sent.outcome.outcome === "gone") onGone(partner, sent.outcome.reason);
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
  function obstacleTo({ about }: DeliveryMail, attempt: number, config: PartnerSettings): string | undefined {
    if (abandon.aborted) return "abandoned";
    if (!lease.valid) return "lease_lost";
    if (restMs(about) !== 0) return "campaign_rests";
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
        ? await boundedSend(prepared, { obstacle, abandon }).catch(failed)
        : without("not_called", reason);
    release();
    const partner_ms = performance.now() - called;
    if (sent.outcome.outcome !== "not_called") {
      onCalled(partner_ms);
      metrics.deliverySeconds.observe({ partner: about.partner }, partner_ms / 1_000);
    }
    // It stands unsealed in the log from here on.
    return { sent: { ...sent, outcome: storable(sent.outcome) }, partner_ms };
  }

  function failed(error: unknown): Sent {
    log.error({ err: error }, "channel failed");
    return without("unknown", "channel_failed");
  }

  async function giveUp(
    delivery: DeliveryMail,
    { cause, reason = cause }: Pick<GiveUp, "cause"> & { readonly reason?: string },
  ): Promise<false> {
    const past = await pastOf(delivery, undefined);
    const { decision } = await write(delivery, { type: "give_up", ...delivery.about, past, cause, reason });
    if (decision.accepted) return done(delivery, decision.events);
    postponed.postpone(delivery, decision);
    return false;
  }

  /** What was decided is stored; no attempt is begun. */
  function done(delivery: DeliveryMail, events: readonly PartnerEvent[]): false {
    acknowledge(delivery, events, { metrics, comesAtOnce: configured().standing === "removed" });
    return false;
  }

  return async (delivery, onCalled) => {
    try {
      return await deliver(delivery, onCalled);
    } catch (error) {
      log.warn({ err: error, lead_id: delivery.about.submission_id }, "delivery broke off and comes again");
      delivery.mail.nak(AFTER_FAILURE_MS);
      return false;
    }
  };
}

const without = (outcome: "not_called" | "unknown", reason: string): Sent => ({
  outcome: { outcome, reason },
  response: { error: reason },
});
