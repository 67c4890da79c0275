import { accept } from "../decider.ts";

import { type Book, stageOf } from "./book.ts";
import type { Command, Decision, Deliver, GiveUp, Policy } from "./command.ts";
import type { PartnerEvent } from "./events.ts";
import { settle } from "./settle.ts";

// What the partner's actor writes into its book. Time, chance and what is sealed come in with the command.

export function decide(command: Command, book: Book, policy: Policy): Decision {
  switch (command.type) {
    case "deliver":
      return deliver(command, book, policy);
    case "settle":
      return settle(command, book, policy);
    case "give_up":
      return giveUp(command, book);
  }
}

function deliver(command: Deliver, book: Book, policy: Policy): Decision {
  const { partner, delivery_id, submission_id, dedupe_key, sealed_request, at } = command;
  const stage = stageOf(book, delivery_id);
  if (stage === "ended") return { accepted: false, reason: "already_ended" };
  if (stage === "calling") return { accepted: false, reason: "in_flight" };
  const known = book.open.get(delivery_id);
  if (known !== undefined && known.retry_at > at)
    return { accepted: false, reason: "not_yet", until: known.retry_at };

  const about = { partner, delivery_id, submission_id };
  const attempts = known?.attempts ?? 0;
  // A delivery keeps the key it began with, whatever the configuration says by now.
  const key = known?.dedupe_key ?? dedupe_key;
  const use = book.keys.get(key);
  if (use !== undefined && use.by !== delivery_id) {
    if (use.delivered_at === undefined) return { accepted: false, reason: "key_in_flight" };
    if (at - use.delivered_at < windowOf(policy))
      return accept<PartnerEvent>({
        type: "DeliveryDuplicated",
        data: { ...about, attempts, of: use.by, reason: "already_delivered" },
      });
  }

  const { circuit } = book;
  if (circuit.state === "open" && at < circuit.until)
    return { accepted: false, reason: "circuit_open", until: circuit.until };
  if (circuit.state === "half_open") return { accepted: false, reason: "probe_in_flight" };
  const started: PartnerEvent = {
    type: "DeliveryStarted",
    data: {
      ...about,
      attempt: attempts + 1,
      dedupe_key: key,
      started_at: new Date(at).toISOString(),
      sealed_request,
    },
  };
  return circuit.state === "open"
    ? accept<PartnerEvent>({ type: "CircuitHalfOpened", data: { partner, probe: delivery_id } }, started)
    : accept(started);
}

const HOUR_MS = 3_600_000;
const windowOf = ({ dedupe }: Policy): number =>
  dedupe?.window_hours === undefined ? Number.POSITIVE_INFINITY : dedupe.window_hours * HOUR_MS;

function giveUp({ partner, delivery_id, submission_id, cause, reason }: GiveUp, book: Book): Decision {
  const stage = stageOf(book, delivery_id);
  if (stage === "ended") return { accepted: false, reason: "already_ended" };
  if (stage === "calling") return { accepted: false, reason: "in_flight" };
  const attempts = book.open.get(delivery_id)?.attempts ?? 0;
  return accept<PartnerEvent>({
    type: "DeliveryDeadLettered",
    data: { partner, delivery_id, submission_id, attempts, reason, cause },
  });
}
