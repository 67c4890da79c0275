// From a mailbox's messages to deliveries: unpacked, decoded and opened, with one look-up of keys for all.

import { z } from "zod";
import { DeliveryId, type PartnerId, SubmissionId } from "#domain/ids.ts";
import type { About } from "#domain/partner/command.ts";
import { submissionContext } from "#domain/seal-contexts.ts";
import { type SubmissionEvent, submissionEvents } from "#domain/submission/events.ts";
import { Submission } from "#domain/submission/submission.ts";
import type { Mail } from "#platform/bus/mail.ts";
import { createCodec, UnreadableEvent } from "#platform/event-store/codec.ts";
import { unpackEvent } from "#platform/event-store/event-mail.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import type { Log } from "#platform/log.ts";
import type { Vault } from "#platform/vault/vault.ts";

type Routed = Extract<SubmissionEvent, { type: "SubmissionRouted" }>["data"];

/** A mail that asks for a delivery. */
export interface DeliveryMail {
  readonly mail: Mail;
  readonly about: About;
  readonly content: Content | Unreadable;
  readonly cause: { readonly id: string; readonly trace: string };
  /** When it was routed here, in milliseconds. */
  readonly routedAt: number;
}

export interface Content {
  readonly readable: true;
  readonly routed: Routed;
  readonly submission: Submission;
}

interface Unreadable {
  readonly readable: false;
  readonly why: "poison" | "forgotten";
}

/** What a mail must have for its delivery to be ended, even where the rest can't be read. */
const Addressed = z.object({
  submission_id: SubmissionId,
  route: z.object({ delivery_id: DeliveryId }),
});

const codec = createCodec({ SubmissionRouted: submissionEvents.SubmissionRouted });
const PARKED_MS = 60_000;

/** Throws when the keys can't be asked for; then all of it comes again. What no delivery comes of is acknowledged or parked. */
export async function readMail(
  mails: readonly Mail[],
  partner: PartnerId,
  { vault, log }: { readonly vault: Vault; readonly log: Log },
): Promise<DeliveryMail[]> {
  const decoded = mails.map((mail) => decode(mail, log)).filter((one) => one !== undefined);
  const sealed = decoded.flatMap(({ routed }) =>
    routed === undefined ? [] : [{ sealed: routed.sealed, context: submissionContext(routed.submission_id) }],
  );
  const opened = await vault.openMany(sealed);
  let next = 0;
  return decoded.map(({ mail, event, routed, addressed }): DeliveryMail => {
    const { submission_id, route } = addressed;
    return {
      mail,
      about: { partner, submission_id, delivery_id: route.delivery_id },
      content: routed === undefined ? { readable: false, why: "poison" } : contentOf(routed, opened[next++]),
      cause: { id: event.id, trace: event.metadata.trace ?? submission_id.replaceAll("-", "") },
      routedAt: Date.parse(event.metadata.at),
    };
  });
}

/** `opened` is undefined where the key was destroyed. */
function contentOf(routed: Routed, opened: unknown): Content | Unreadable {
  if (opened === undefined) return { readable: false, why: "forgotten" };
  const submission = Submission.safeParse(opened);
  return submission.success
    ? { readable: true, routed, submission: submission.data }
    : { readable: false, why: "poison" };
}

interface Decoded {
  readonly mail: Mail;
  readonly event: StoredEvent;
  readonly addressed: z.infer<typeof Addressed>;
  readonly routed: Routed | undefined;
}

/** Undefined where no delivery can come of it. */
function decode(mail: Mail, log: Log): Decoded | undefined {
  let event: StoredEvent;
  try {
    event = unpackEvent(mail.data);
  } catch (error) {
    log.error({ err: error, seq: mail.seq }, "message that is no event discarded");
    mail.term();
    return undefined;
  }
  try {
    const decoded = codec.decode(event);
    if (decoded.known) {
      const routed = decoded.event.data;
      return { mail, event, addressed: routed, routed };
    }
    log.warn({ stream: event.stream, type: event.type }, "event of unknown type parked");
    mail.nak(PARKED_MS);
  } catch (error) {
    if (!(error instanceof UnreadableEvent)) throw error;
    log.error({ err: error }, "event can't be read");
    const addressed = Addressed.safeParse(event.data);
    if (addressed.success) return { mail, event, addressed: addressed.data, routed: undefined };
    mail.term();
  }
  return undefined;
}
