import type { PartnerEvent } from "../partner/events.ts";

type DeadLettered = Extract<PartnerEvent, { type: "DeliveryDeadLettered" }>["data"];

/** Whether the next partner of the waterfall may get what ended as a dead letter here: see docs/decisions/0085. */
export function mayGoOn({ cause, attempts }: DeadLettered): boolean {
  switch (cause) {
    // Also where the last tries were in doubt: only a partner that recognises repeats has more than one of those, and a person can ask
    // it by the id that it knows.
    case "retries_exhausted":
      return true;
    // Nobody knows whether it has it, and no repeat can find out: a person has to say so first.
    case "outcome_unknown":
      return false;
    case "partner_removed":
      return attempts === 0;
    case "drained":
    case "forgotten":
    case "poison":
    case "dedupe_failed":
      return false;
  }
}
