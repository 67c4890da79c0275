// Mails about which nothing new could be stored: when each is looked at again, which is when that can matter.
//
// 1. A mail that waits for a call of this process stays in hand until that call has ended; its wait is renewed like that of all others.
// 2. Whatever waits for a time comes again at that time, not before it: its mail, or where that is long, the one that a timer sends. That
//    one may come a little early, by the clock of another machine, or before ours was set back, and does not come twice.
import type { DeliveryId } from "#domain/ids.ts";
import type { PartnerRefusal } from "#domain/partner/command.ts";
import type { NotWritten } from "#platform/batch-writer.ts";
import type { Mail } from "#platform/bus/mail.ts";
import type { DeliveryMail } from "./read-mail.ts";

export interface Postponed {
  postpone(delivery: DeliveryMail, refused: PartnerRefusal | NotWritten): void;
  /** What waited for its call is looked at now. */
  ended(id: DeliveryId): void;
  /** In hand. */
  mails(): Mail[];
  handBack(): void;
}

/** Until a mail that waits for another owner, or for what nobody tells the end of, is looked at again. */
const LOOK_AGAIN_MS = 500;
/** Who has to be tried by now, and is not yet, is looked for more and more rarely. */
const MAX_LOOK_AGAIN_MS = 60_000;
/** At most. */
const CLOCKS_DIFFER_MS = 10_000;
/** More come again by themselves. */
const MAX_IN_HAND = 1_000;

export interface PostponedParts {
  readonly isUnderWay: (id: DeliveryId) => boolean;
  /** It is held already, and its mail done with: it is mailed again when the partner has room. */
  readonly onHeld: (id: DeliveryId) => void;
}

export function createPostponed({ isUnderWay, onHeld }: PostponedParts): Postponed {
  const waiting = new Map<DeliveryId, Mail[]>();
  let inHand = 0;

  /** 1 */
  function waitFor(id: DeliveryId, mail: Mail): void {
    if (!isUnderWay(id) || inHand >= MAX_IN_HAND) {
      mail.nak(LOOK_AGAIN_MS);
      return;
    }
    waiting.set(id, [...(waiting.get(id) ?? []), mail]);
    inHand += 1;
  }

  function ended(id: DeliveryId): void {
    const mails = waiting.get(id) ?? [];
    waiting.delete(id);
    inHand -= mails.length;
    for (const mail of mails) mail.nak(0);
  }

  return {
    ended,
    postpone({ mail, about }, refused) {
      switch (refused.reason) {
        case "already_ended":
          return mail.ack();
        case "held":
          mail.ack();
          return onHeld(about.delivery_id);
        case "not_yet": {
          const ms = msUntil(refused.until);
          return refused.timer && ms > CLOCKS_DIFFER_MS ? mail.ack() : mail.nak(ms); // 2
        }
        case "circuit_open":
          return mail.nak(msUntil(refused.until)); // 2
        case "key_in_flight":
          return refused.until === undefined
            ? waitFor(refused.by, mail)
            : mail.nak(nextLookMs(refused.until)); // 2
        case "in_flight":
          return waitFor(about.delivery_id, mail);
        case "not_calling":
        case "probe_in_flight":
        case "not_ended":
        case "not_delivered":
        case "already_returned":
        case "not_in_doubt":
        case "past_unknown":
        case "not_stored":
        case "not_the_writer":
        case "too_large":
          return mail.nak(LOOK_AGAIN_MS);
      }
    },
    mails: () => [...waiting.values()].flat(),
    handBack() {
      for (const id of [...waiting.keys()]) ended(id);
    },
  };
}

const msUntil = (ms: number): number => Math.max(1, ms - Date.now());

/** A while after the other is due, so that it comes first. */
function nextLookMs(due: number): number {
  const overdue = Date.now() - due;
  return overdue < 0 ? LOOK_AGAIN_MS - overdue : Math.min(MAX_LOOK_AGAIN_MS, LOOK_AGAIN_MS + overdue);
}
