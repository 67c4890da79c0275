// Replies over NATS: what was published to replies.<campaign>, kept by JetStream until a campaign's owner has taken it or it is refused.
import type { Mail } from "#platform/bus/bus.ts";
import type { DeadLetters } from "../intake/dead-letters.ts";
import { transient } from "../intake/nats.ts";
import { type PublishedParts, readPublished } from "../intake/published.ts";
import { bytesOf, erase, plainHeaders, retryMs } from "../intake/published-mail.ts";
import { isRefusal, refusal } from "../refusal.ts";
import type { ReplyIntake } from "./reply-intake.ts";
import type { CampaignsView } from "./shown-campaign.ts";

export interface PublishedRepliesParts extends PublishedParts {
  readonly takeIn: ReplyIntake;
  readonly campaigns: CampaignsView;
  readonly deadLetters: DeadLetters;
}

const PREFIX = "replies.";
const SECOND_MS = 1_000;
/** What fails so often, over some minutes, is set aside: no reply may come for ever. */
const MAX_DELIVERIES = 10;

export async function servePublishedReplies(parts: PublishedRepliesParts): Promise<void> {
  const { campaigns } = parts;
  await readPublished(parts, {
    to: "replies",
    name: "replies",
    known: campaigns.current,
    onMail: (mail) => handle(parts, mail),
  });
}

async function handle(parts: PublishedRepliesParts, mail: Mail): Promise<void> {
  const { takeIn, deadLetters, log } = parts;
  const { subject, seq, deliveries, storedAt: at } = mail;
  try {
    const about = { campaign: subject.slice(PREFIX.length) };
    const [headers, body] = [plainHeaders(mail.headers), bytesOf(mail.data)];
    const result = await takeIn({ ...about, headers, body, at }).catch((error: unknown) => {
      if (deliveries < MAX_DELIVERIES) throw error;
      log.error({ err: error, subject, seq }, "published reply failed, becomes a dead letter");
      return refusal("internal");
    });
    if (isRefusal(result)) {
      const { reason, retryAfterS = 1 } = result;
      if (transient.has(reason)) return mail.nak(retryAfterS * SECOND_MS);
      await deadLetters.put({ name: `${subject} ${seq} ${at}`, about, headers, body, at }, result);
    }
    void erase(parts, mail);
  } catch (error) {
    log.warn({ err: error, subject, seq }, "published reply not taken, tried again later");
    mail.nak(retryMs(mail));
  }
}
