import { campaignEvents } from "#domain/campaign/events.ts";
import { identityEvents } from "#domain/identity/events.ts";
import { CampaignId, PartnerId } from "#domain/ids.ts";
import { type Mailbox, mailboxOf, partitionOf, type YardEvent } from "#domain/mail.ts";
import { partnerConfigEvents } from "#domain/partner/config.ts";
import { partnerEvents } from "#domain/partner/events.ts";
import { compiledEvents, rulesetEvents } from "#domain/rules/events.ts";
import { shadowEvents } from "#domain/rules/shadow.ts";
import { sourceEvents } from "#domain/source/events.ts";
import { submissionEvents } from "#domain/submission/events.ts";
import type { Bus } from "#platform/bus/bus.ts";
import { POSITION, RESUME } from "#platform/bus/positions.ts";
import type { PublishOptions } from "#platform/bus/publisher.ts";
import {
  campaignSubject,
  factSubject,
  leadSubject,
  partnerSubject,
  RELAY_POSITION_SUBJECT,
  rulesSubject,
} from "#platform/bus/subjects.ts";
import { createCodec, UnreadableEvent } from "#platform/event-store/codec.ts";
import { packEvent } from "#platform/event-store/event-mail.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import type { Log } from "#platform/log.ts";
import type { MailSignature } from "#platform/mail-signature.ts";

const HEADER_BYTES = 1024;

const definitions = {
  ...submissionEvents,
  ...partnerEvents,
  ...partnerConfigEvents,
  ...identityEvents,
  ...rulesetEvents,
  ...compiledEvents,
  ...shadowEvents,
  ...sourceEvents,
  ...campaignEvents,
};
const codec = createCodec(definitions);

export interface PublishParts {
  readonly bus: Bus;
  readonly partitions: number;
  /** Whether what nobody has to react to is published as well. */
  readonly publishFacts: boolean;
  readonly signature: MailSignature;
  readonly log: Log;
}

/**
 * Publishes what is to be published, all at once and in order; resolves with the numbers that the stream gave it, when all of it is
 * stored. When it throws, the same events come again. `stored` is how far everything was stored before them.
 */
export async function publishEvents(
  events: readonly StoredEvent[],
  stored: bigint,
  parts: PublishParts,
): Promise<number[]> {
  const { bus } = parts;
  const resume = `${stored}`;
  const outgoing = events.flatMap((event) => outgoingOf(event, resume, parts) ?? []);
  const answers = await Promise.allSettled(
    outgoing.map(({ subject, message, options }) => bus.publish(subject, message, options)),
  );
  return answers.flatMap((answer) => {
    if (answer.status === "rejected") throw answer.reason;
    const { seq, duplicate } = answer.value;
    return duplicate ? [] : seq;
  });
}

interface Outgoing {
  readonly subject: string;
  readonly message: Uint8Array;
  readonly options: PublishOptions;
}

/** Undefined where it is not to be published, or can't be. */
function outgoingOf(
  event: StoredEvent,
  resume: string,
  { bus, partitions, publishFacts, signature, log }: PublishParts,
): Outgoing | undefined {
  const subject = mailSubject(event, partitions, log) ?? (publishFacts ? factSubjectOf(event) : undefined);
  if (subject === undefined) return undefined;
  const message = packEvent(event);
  const maxBytes = bus.maxMessageBytes - HEADER_BYTES;
  if (message.byteLength > maxBytes) {
    // One that can't be sent must not keep all the others from being sent.
    const { id, stream } = event;
    log.error({ event: id, stream, bytes: message.byteLength, maxBytes }, "event is too large to publish");
    return undefined;
  }
  const headers = {
    [POSITION]: `${event.position}`,
    [RESUME]: resume,
    [signature.header]: signature.sign(message),
  };
  return { subject, message, options: { id: event.id, headers } };
}

/** For a relay that starts after a long run of events that were not published: it need not read them again. */
export async function publishPosition(bus: Bus, stored: bigint): Promise<void> {
  const headers = { [POSITION]: `${stored}`, [RESUME]: `${stored}` };
  await bus.publish(RELAY_POSITION_SUBJECT, new Uint8Array(), { id: `relay:${stored}`, headers });
}

/** Undefined where nobody has to react, or nobody can: it is not ours, or it names nobody. */
function mailSubject(stored: StoredEvent, partitions: number, log: Log): string | undefined {
  if (!Object.hasOwn(definitions, stored.type)) return undefined;
  const event = addressable(stored);
  const mailbox = event && addressIn(event);
  switch (mailbox?.to) {
    case "lead":
      return leadSubject(partitionOf(mailbox.submission, partitions), stored.type);
    case "partner":
      return partnerSubject(mailbox.partner, stored.type);
    case "campaign":
      return campaignSubject(mailbox.campaign, stored.type);
    case "compiler":
      return rulesSubject(stored.type);
    case "nobody":
      return undefined;
    case undefined: {
      const { id, stream, type, version } = stored;
      log.error(
        { event: id, stream, type, version },
        "event names nobody who could react and is passed over",
      );
      return undefined;
    }
  }
}

/** As it has to be read to find out whom it names. */
function addressable(stored: StoredEvent): YardEvent | undefined {
  const { version } = definitions[stored.type as keyof typeof definitions];
  // What we write in today's version needs no second look: addressing is the relay's whole cost. What a newer release wrote still
  // says whom it is about, nearly always; in that mailbox it waits for the newer release.
  if (stored.version >= version) return { type: stored.type, data: stored.data } as YardEvent;
  try {
    const decoded = codec.decode(stored);
    return decoded.known ? decoded.event : undefined;
  } catch (error) {
    if (error instanceof UnreadableEvent) return undefined;
    throw error;
  }
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Undefined where the data is not what its type says: others may write to the same log. */
function addressIn(event: YardEvent): Mailbox | undefined {
  try {
    const mailbox = mailboxOf(event);
    if (mailbox.to === "lead") return UUID.test(mailbox.submission) ? mailbox : undefined;
    // An id that is none could name another subject, or several.
    if (mailbox.to === "partner") return isSlug(mailbox.partner) ? mailbox : undefined;
    if (mailbox.to === "campaign")
      return CampaignId.safeParse(mailbox.campaign).success ? mailbox : undefined;
    return mailbox;
  } catch {
    return undefined;
  }
}

const isSlug = (id: unknown): boolean => PartnerId.safeParse(id).success;

/** What is no token of a subject must not become one. */
const factSubjectOf = ({ stream, type }: StoredEvent): string | undefined => {
  const category = stream.split("-", 1)[0] as string;
  return TOKEN.test(category) && TOKEN.test(type) ? factSubject(category, type) : undefined;
};
const TOKEN = /^[\w-]+$/;
