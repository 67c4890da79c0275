// Records what came of an attempt, with what the partner said sealed beside it.
import type { About, PartnerCommand, PartnerDecision } from "#domain/partner/command.ts";
import type { ConfiguredPartner } from "#domain/partner/configured.ts";
import type { PartnerEvent, Timings } from "#domain/partner/events.ts";
import { storableWords } from "#domain/partner/outcome.ts";
import { deliveryContext } from "#domain/seal-contexts.ts";
import type { Written } from "#platform/batch-writer.ts";
import type { Log } from "#platform/log.ts";
import { backoffMs, pause } from "#platform/retry.ts";
import { KeyDestroyed, type Sealed, type Vault } from "#platform/vault/vault.ts";
import type { Sent } from "./channels/channel.ts";
import type { Postponed } from "./postponed.ts";
import type { Content, DeliveryMail } from "./read-mail.ts";
import { boundedRecord, MAX_RESPONSE_BYTES } from "./record.ts";

type SealingVault = Pick<Vault, "seal" | "sealCached">;

export interface OutcomeRecorderParts {
  readonly vault: SealingVault;
  readonly configured: () => ConfiguredPartner;
  readonly write: (delivery: DeliveryMail, command: PartnerCommand) => Promise<Written<PartnerDecision>>;
  readonly onRecorded: (delivery: DeliveryMail, events: readonly PartnerEvent[]) => void;
  readonly onRefused: Postponed["postpone"];
  readonly log: Log;
}

export type RecordOutcome = (
  delivery: DeliveryMail,
  content: Content,
  attempt: number,
  sent: Sent,
  timings: Timings,
) => Promise<void>;

const BACKOFF = { baseMs: 50, maxMs: 2_000 };

export function outcomeRecorder(parts: OutcomeRecorderParts): RecordOutcome {
  const { vault, configured, write, onRecorded, onRefused, log } = parts;

  /** What the partner did must not be forgotten: it is recorded until it is stored, or somebody else owns the partner. */
  return async (
    delivery: DeliveryMail,
    content: Content,
    attempt: number,
    { outcome, told, response }: Sent,
    timings: Timings,
  ): Promise<void> => {
    const { submission_id: lead_id } = delivery.about;
    // Without a key at hand it is left out: the outcome must not wait for it.
    const leftOut = (what: string) => (error: unknown) => {
      log.warn({ err: error, lead_id }, `${what} not sealed, left out`);
      return undefined;
    };
    const shown = boundedRecord(response, MAX_RESPONSE_BYTES);
    let sealed_response = await sealFor(delivery.about, content, shown, vault).catch(leftOut("response"));
    const sealed_reason = told
      ? await sealFor(delivery.about, content, storableWords(told), vault).catch(leftOut("reason"))
      : undefined;
    for (let failures = 0; ; failures += 1) {
      const { decision } = await write(delivery, {
        type: "record_outcome",
        ...delivery.about,
        attempt,
        outcome,
        timings,
        ...(sealed_response && { sealed_response }),
        ...(sealed_reason && { sealed_reason }),
        policy: configured().config,
        at: Date.now(),
        chance: Math.random(),
      });
      if (decision.accepted) {
        onRecorded(delivery, decision.events);
        return;
      }
      if (decision.reason === "too_large") sealed_response = undefined;
      else if (decision.reason !== "not_stored") return onRefused(delivery, decision);
      log.warn({ lead_id, reason: decision.reason }, "outcome not stored yet");
      await pause(backoffMs(failures, BACKOFF));
    }
  };
}

/** Undefined where the person is forgotten. */
export async function sealFor(
  { delivery_id }: About,
  { routed }: Content,
  value: unknown,
  vault: SealingVault,
): Promise<Sealed | undefined> {
  const { key } = routed.sealed;
  const context = deliveryContext(delivery_id);
  try {
    return vault.sealCached(key, value, context) ?? (await vault.seal(key, value, context));
  } catch (error) {
    if (error instanceof KeyDestroyed) return undefined;
    throw error;
  }
}

const rounded = (ms: number): number => Math.round(ms * 100) / 100;

export const timingsOf = (total: number, partner: number): Timings => ({
  total_ms: rounded(total),
  partner_ms: rounded(partner),
  overhead_ms: rounded(total - partner),
});
