// One delivery from decision to outcome: written down, called, written down again, and only then is its mail answered.

import type { Refusal } from "#domain/partner/command.ts";
import { dedupeKeyOf } from "#domain/partner/dedupe.ts";
import type { PartnerEvent } from "#domain/partner/events.ts";
import { factsOf } from "#domain/submission/route.ts";
import type { Log } from "#platform/log.ts";
import type { Metrics } from "#platform/metrics.ts";
import { KeyDestroyed, type Sealed, type Vault } from "#platform/vault/vault.ts";
import type { Account } from "./account.ts";
import type { Entry } from "./directory.ts";
import type { CallResult, Channel, OutgoingRequest } from "./http-channel.ts";
import type { Written } from "./ledger.ts";
import type { Job } from "./mailroom.ts";
import { answerOf, recordOf, requestFor, verdictOf } from "./request.ts";
import type { Slots } from "./slots.ts";

export interface CourierParts {
  readonly account: Account;
  readonly entry: () => Entry;
  readonly channel: () => Channel;
  readonly slots: Slots;
  readonly vault: Vault;
  readonly metrics: Metrics;
  readonly log: Log;
  /** Given up on: calls that are still under way end now. */
  readonly abandon: AbortSignal;
  /** After each decision: the circuit may have changed. */
  readonly onDecided: () => void;
}

/** Until a mail that has to wait for another delivery is looked at again. */
const LOOK_AGAIN_MS = 500;
const AFTER_FAILURE_MS = 1_000;

type Content = NonNullable<Job["content"]>;

/** `onCalled` tells that the partner is done with, and how long it took; it is not told where no call was made. */
export type Courier = (job: Job, onCalled: (ms: number) => void) => Promise<void>;

/** Never rejects; the mail is always answered. */
export function createCourier(parts: CourierParts): Courier {
  const { account, entry, channel, slots, vault, metrics, log, abandon, onDecided } = parts;

  async function carry(job: Job, onCalled: (ms: number) => void): Promise<void> {
    const begun = performance.now();
    const { standing, config } = entry();
    const cause = standing === "removed" ? "partner_removed" : job.hopeless;
    if (cause !== undefined || job.content === undefined) return giveUp(job, cause ?? "poison");

    const { submission, routed } = job.content;
    const { submission_id, delivery_id } = job.about;
    const ids = { id: submission_id, delivery_id, ...(routed.person_id && { person_id: routed.person_id }) };
    const request = requestFor(entry(), submission, ids, job.cause.trace, Date.now());
    const sealed_request = await sealFor(job, recordOf(config.delivery.url, request));
    if (sealed_request === undefined) return giveUp(job, "forgotten");

    const ledger = await account.ledger();
    const dedupe_key = dedupeKey(vault, entry(), job.about, job.content);
    const written = ledger.write(
      { type: "deliver", ...job.about, dedupe_key, sealed_request, at: Date.now() },
      config,
      job.cause,
    );
    onDecided();
    if (!written.decision.accepted) return refuse(job, written.decision);
    await written.stored;
    const started = written.decision.events.find((event) => event.type === "DeliveryStarted");
    if (started === undefined) return conclude(job, written.decision.events);
    await attempt(job, started.data.attempt, request, begun, onCalled);
  }

  async function attempt(
    job: Job,
    number: number,
    request: OutgoingRequest,
    begun: number,
    onCalled: (ms: number) => void,
  ): Promise<void> {
    const { partner, delivery_id } = job.about;
    account.calling.set(delivery_id, number);
    try {
      if (number > 1) metrics.retriesTotal.inc({ stage: "deliver" });
      const release = await slots.take();
      const called = performance.now();
      const calls = mayCall(job);
      const result = calls ? await channel().call(request, abandon) : LEFT_ALONE;
      release();
      const ended = performance.now();
      if (calls) {
        onCalled(ended - called);
        metrics.deliverySeconds.observe({ partner }, (ended - called) / 1_000);
      }
      const [total_ms, partner_ms] = [rounded(ended - begun), rounded(ended - called)];
      const timings = { total_ms, partner_ms, overhead_ms: rounded(total_ms - partner_ms) };
      const written = await settle(job, number, result, timings);
      if (written.decision.accepted) conclude(job, written.decision.events);
      else refuse(job, written.decision);
    } finally {
      account.calling.delete(delivery_id);
    }
  }

  /** The circuit may have opened while this one was in line. */
  function mayCall({ about }: Job): boolean {
    const circuit = account.seen?.book.circuit;
    return circuit === undefined || circuit.state === "closed" || circuit.probe === about.delivery_id;
  }

  /** The outcome is written into whatever ledger is sound: what the partner did must not be forgotten. */
  async function settle(
    job: Job,
    number: number,
    result: CallResult,
    timings: { total_ms: number; partner_ms: number; overhead_ms: number },
  ): Promise<Written> {
    const sealed_response = await sealAnswer(job, result);
    const { config } = entry();
    for (;;) {
      const at = Date.now();
      const ledger = await account.ledger();
      const written = ledger.write(
        {
          type: "settle",
          ...job.about,
          attempt: number,
          verdict: verdictOf(result, config, at),
          timings,
          ...(result.answered && { http_status: result.status }),
          ...(sealed_response && { sealed_response }),
          at,
          chance: Math.random(),
        },
        config,
        job.cause,
      );
      onDecided();
      try {
        await written.stored;
        return written;
      } catch (error) {
        log.warn({ err: error, lead_id: job.about.submission_id }, "an outcome has to be written once more");
      }
    }
  }

  async function giveUp(job: Job, cause: "partner_removed" | "forgotten" | "poison"): Promise<void> {
    const ledger = await account.ledger();
    const written = ledger.write(
      { type: "give_up", ...job.about, cause, reason: cause },
      entry().config,
      job.cause,
    );
    if (!written.decision.accepted) return refuse(job, written.decision);
    await written.stored;
    conclude(job, written.decision.events);
  }

  function refuse({ mail }: Job, refusal: Refusal): void {
    switch (refusal.reason) {
      case "already_ended":
        mail.ack();
        return;
      case "not_yet":
      case "circuit_open":
        mail.nak(Math.max(1, refusal.until - Date.now()));
        return;
      case "in_flight":
      case "not_calling":
      case "probe_in_flight":
      case "key_in_flight":
        mail.nak(LOOK_AGAIN_MS);
    }
  }

  /** It is stored what became of it, so the mail can be answered. */
  function conclude({ mail, about, routedAt }: Job, events: readonly PartnerEvent[]): void {
    for (const event of events) {
      const outcome = OUTCOMES[event.type];
      if (outcome === undefined) continue;
      metrics.deliveriesTotal.inc({ partner: about.partner, outcome });
      if (event.type === "DeliveryDuplicated") metrics.duplicatesTotal.inc({ partner: about.partner });
      if (event.type === "DeliveryFailed") {
        mail.nak(Math.max(1, Date.parse(event.data.retry_at) - Date.now()));
        continue;
      }
      mail.ack();
      metrics.stageSeconds.observe({ stage: "deliver" }, Math.max(0, Date.now() - routedAt) / 1_000);
    }
  }

  /** What the partner did must not be forgotten for want of what it said: without a key at hand, that is left out. */
  async function sealAnswer(job: Job, result: CallResult): Promise<Sealed | undefined> {
    try {
      return await sealFor(job, answerOf(result));
    } catch (error) {
      log.warn({ err: error, lead_id: job.about.submission_id }, "an answer is recorded without its text");
      return undefined;
    }
  }

  async function sealFor(job: Job, value: object): Promise<Sealed | undefined> {
    const key = job.content?.routed.sealed.key;
    if (key === undefined) return undefined;
    const context = `delivery-${job.about.delivery_id}`;
    try {
      return vault.sealCached(key, value, context) ?? (await vault.seal(key, value, context));
    } catch (error) {
      if (error instanceof KeyDestroyed) return undefined;
      throw error;
    }
  }

  return async (job, onCalled) => {
    try {
      await carry(job, onCalled);
    } catch (error) {
      log.warn({ err: error, lead_id: job.about.submission_id }, "a delivery broke off and comes again");
      job.mail.nak(AFTER_FAILURE_MS);
    }
  };
}

const OUTCOMES: Partial<Record<PartnerEvent["type"], string>> = {
  DeliverySucceeded: "delivered",
  DeliveryFailed: "failed",
  DeliveryRejected: "rejected",
  DeliveryDuplicated: "duplicate",
  DeliveryDeadLettered: "dead_lettered",
};

function dedupeKey(vault: Vault, { config }: Entry, { partner }: Job["about"], content: Content): string {
  const { submission, routed } = content;
  const { kind, source, key_fingerprint, person_id } = routed;
  const key = dedupeKeyOf(config.dedupe, factsOf(submission), { kind, source, key_fingerprint, person_id });
  return vault.fingerprint(`dedupe ${partner}`, key);
}

/** As if the call had been broken off before it began: it is tried again, and is none of the partner's tries. */
const LEFT_ALONE: CallResult = { answered: false, sent: false, reason: "abandoned" };

const rounded = (ms: number): number => Math.round(ms * 100) / 100;
