// What would become of a delivery if it were begun now: decided like everything else, but nothing is sealed, taken or stored for it.
import type { PartnerId } from "#domain/ids.ts";
import type { PartnerRefusal } from "#domain/partner/command.ts";
import type { ConfiguredPartner } from "#domain/partner/configured.ts";
import { partnerDecider } from "#domain/partner/decide.ts";
import type { PartnerState } from "#domain/partner/state.ts";
import type { DedupeKeys } from "./dedupe-keys.ts";
import type { PastOfMail } from "./past-of-mail.ts";
import type { DeliveryMail } from "./read-mail.ts";

/** A call; or a decision without one; or it has to wait. */
export type Foreseen = "call" | "decision" | PartnerRefusal;

const NOTHING_SEALED = { key: "", iv: "", tag: "", data: "" };

export function foresee(
  delivery: DeliveryMail,
  state: PartnerState,
  { standing, config: policy }: ConfiguredPartner,
  dedupeKey: DedupeKeys["known"],
  pastOf: PastOfMail["known"],
  isOpen: (partner: PartnerId) => boolean,
): Foreseen {
  if (standing === "removed" || !delivery.content.readable) return "decision";
  const dedupe = dedupeKey(delivery);
  if (dedupe === undefined) return "call";
  if ("failed" in dedupe) return "decision";
  const decision = partnerDecider.decide(
    {
      type: "start_attempt",
      ...delivery.about,
      past: pastOf(delivery, dedupe.key),
      dedupe_key: dedupe.key,
      has_next: delivery.content.routed.route.remaining.some(isOpen),
      sealed_request: NOTHING_SEALED,
      policy,
      at: Date.now(),
    },
    state,
  );
  if (decision.accepted)
    return decision.events.some(({ type }) => type === "DeliveryStarted") ? "call" : "decision";
  switch (decision.reason) {
    // About these, admission has decided.
    case "circuit_open":
    case "probe_in_flight":
    // It is looked up when it is begun.
    case "past_unknown":
      return "call";
    default:
      return decision;
  }
}
