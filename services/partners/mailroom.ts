// From a mailbox's messages to deliveries: unpacked, decoded and opened, with one look-up of keys for all.

import { z } from "zod";
import type { DeliveryId, PartnerId, SubmissionId } from "#domain/ids.ts";
import { DeliveryId as DeliveryIds, SubmissionId as SubmissionIds } from "#domain/ids.ts";
import { type SubmissionEvent, submissionEvents } from "#domain/submission/events.ts";
import { Submission } from "#domain/submission/submission.ts";
import type { Mail } from "#platform/bus/mail.ts";
import { createCodec, UnreadableEvent } from "#platform/event-store/codec.ts";
import { unpackEvent } from "#platform/event-store/event-mail.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import type { Log } from "#platform/log.ts";
import type { Vault } from "#platform/vault/vault.ts";

type Routed = Extract<SubmissionEvent, { type: "SubmissionRouted" }>["data"];

interface About {
  readonly partner: PartnerId;
  readonly delivery_id: DeliveryId;
  readonly submission_id: SubmissionId;
}

export interface Job {
  readonly mail: Mail;
  readonly about: About;
  /** Undefined where it can't be read, or may not be any more. */
  readonly content: { readonly routed: Routed; readonly submission: Submission } | undefined;
  readonly hopeless: "poison" | "forgotten" | undefined;
  readonly cause: { readonly id: string; readonly trace: string };
  /** When it was routed here, in milliseconds. */
  readonly routedAt: number;
}

/** What a letter must have for its delivery to be ended, even where the rest can't be read. */
const Envelope = z.object({
  submission_id: SubmissionIds,
  route: z.object({ delivery_id: DeliveryIds }),
});

const codec = createCodec({ SubmissionRouted: submissionEvents.SubmissionRouted });
const PARKED_MS = 60_000;

/** Throws when the keys can't be asked for; then all of it comes again. */
export async function readMails(
  mails: readonly Mail[],
  partner: PartnerId,
  { vault, log }: { readonly vault: Vault; readonly log: Log },
): Promise<Job[]> {
  const letters = mails.map((mail) => readLetter(mail, log)).filter((letter) => letter !== undefined);
  const sealed = letters.flatMap(({ routed }) =>
    routed === undefined ? [] : [{ sealed: routed.sealed, context: `submission-${routed.submission_id}` }],
  );
  const opened = await vault.openMany(sealed);
  let next = 0;
  return letters.map(({ mail, event, routed, envelope }): Job => {
    const value = routed === undefined ? undefined : opened[next++];
    const submission = Submission.safeParse(value);
    const forgotten = routed !== undefined && value === undefined;
    const { submission_id } = envelope;
    return {
      mail,
      about: { partner, submission_id, delivery_id: envelope.route.delivery_id },
      content: routed && submission.success ? { routed, submission: submission.data } : undefined,
      hopeless: forgotten ? "forgotten" : routed && submission.success ? undefined : "poison",
      cause: { id: event.id, trace: event.metadata.trace ?? submission_id.replaceAll("-", "") },
      routedAt: Date.parse(event.metadata.at),
    };
  });
}

interface Letter {
  readonly mail: Mail;
  readonly event: StoredEvent;
  readonly envelope: z.infer<typeof Envelope>;
  readonly routed: Routed | undefined;
}

/** Undefined where there is nothing to do with it; it is then answered. */
function readLetter(mail: Mail, log: Log): Letter | undefined {
  let event: StoredEvent;
  try {
    event = unpackEvent(mail.data);
  } catch (error) {
    log.error({ err: error, seq: mail.seq }, "a message that is no event was thrown away");
    mail.term();
    return undefined;
  }
  try {
    const decoded = codec.decode(event);
    if (decoded.known) {
      const routed = decoded.event.data;
      return { mail, event, envelope: routed, routed };
    }
    log.warn({ stream: event.stream, type: event.type }, "an event of an unknown type is parked");
    mail.nak(PARKED_MS);
  } catch (error) {
    if (!(error instanceof UnreadableEvent)) throw error;
    log.error({ err: error }, "an event can't be read");
    const envelope = Envelope.safeParse(event.data);
    if (envelope.success) return { mail, event, envelope: envelope.data, routed: undefined };
    mail.term();
  }
  return undefined;
}
