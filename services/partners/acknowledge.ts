// What happens to a mail whose delivery was decided about: it is done with, or comes again.
import type { PartnerEvent } from "#domain/partner/events.ts";
import type { Metrics } from "#platform/metrics.ts";
import type { DeliveryMail } from "./read-mail.ts";

/** It is stored what became of the delivery. `comesAtOnce`: no time has to be waited for any more. */
export function acknowledge(
  { mail, about: { partner }, content, routedAt }: DeliveryMail,
  events: readonly PartnerEvent[],
  { metrics, comesAtOnce }: { readonly metrics: Metrics; readonly comesAtOnce: boolean },
): void {
  for (const event of events) {
    const outcome = OUTCOMES[event.type];
    if (outcome === undefined) continue;
    metrics.deliveriesTotal.inc({ partner, outcome });
    if (event.type === "DeliveryDuplicated") metrics.duplicatesTotal.inc({ partner });
    if (event.type === "DeliveryFailed") {
      if (event.data.timer) mail.ack();
      else mail.nak(comesAtOnce ? 0 : Math.max(1, Date.parse(event.data.retry_at) - Date.now()));
      continue;
    }
    mail.ack();
    if (event.type === "DeliveryHeld") continue;
    metrics.stageSeconds.observe({ stage: "deliver" }, secondsSince(routedAt));
    // What the partner does not have is not at its end yet.
    const isEnd = event.type === "DeliverySucceeded" || event.type === "DeliveryDuplicated";
    if (isEnd && content.readable)
      metrics.endToEndSeconds.observe(secondsSince(Date.parse(content.routed.received_at)));
  }
}

const secondsSince = (ms: number): number => Math.max(0, Date.now() - ms) / 1_000;

const OUTCOMES: Partial<Record<PartnerEvent["type"], string>> = {
  DeliverySucceeded: "delivered",
  DeliveryFailed: "failed",
  DeliveryRejected: "rejected",
  DeliveryDuplicated: "duplicate",
  DeliveryDeadLettered: "dead_lettered",
  DeliveryHeld: "held",
  DeliveryPassedOn: "passed_on",
};
