// What happens to a mail once its delivery was decided about: it is done with, or comes again.
import type { PartnerRefusal } from "#domain/partner/command.ts";
import type { PartnerEvent } from "#domain/partner/events.ts";
import type { NotWritten } from "#platform/batch-writer.ts";
import type { Metrics } from "#platform/metrics.ts";
import type { DeliveryMail } from "./read-mail.ts";

/** Until a mail that has to wait for another delivery, or another owner, is looked at again. */
const LOOK_AGAIN_MS = 500;

/** It is stored what became of the delivery. */
export function acknowledge(
  { mail, about: { partner }, routedAt }: DeliveryMail,
  events: readonly PartnerEvent[],
  metrics: Metrics,
): void {
  for (const event of events) {
    const outcome = OUTCOMES[event.type];
    if (outcome === undefined) continue;
    metrics.deliveriesTotal.inc({ partner, outcome });
    if (event.type === "DeliveryDuplicated") metrics.duplicatesTotal.inc({ partner });
    if (event.type === "DeliveryFailed") {
      mail.nak(msUntil(Date.parse(event.data.retry_at)));
      continue;
    }
    mail.ack();
    metrics.stageSeconds.observe({ stage: "deliver" }, Math.max(0, Date.now() - routedAt) / 1_000);
  }
}

const OUTCOMES: Partial<Record<PartnerEvent["type"], string>> = {
  DeliverySucceeded: "delivered",
  DeliveryFailed: "failed",
  DeliveryRejected: "rejected",
  DeliveryDuplicated: "duplicate",
  DeliveryDeadLettered: "dead_lettered",
};

/** Nothing new was stored. */
export function postpone({ mail }: DeliveryMail, refused: PartnerRefusal | NotWritten): void {
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

const msUntil = (ms: number): number => Math.max(1, ms - Date.now());
