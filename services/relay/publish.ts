import { identityEvents } from "#domain/identity/events.ts";
import { mailboxOf, partitionOf, type YardEvent } from "#domain/mail.ts";
import { partnerConfigEvents } from "#domain/partner/config.ts";
import { partnerEvents } from "#domain/partner/events.ts";
import { compiledEvents, rulesetEvents } from "#domain/rules/events.ts";
import { sourceEvents } from "#domain/source/events.ts";
import { submissionEvents } from "#domain/submission/events.ts";
import type { Bus } from "#platform/bus/bus.ts";
import { POSITION, RESUME } from "#platform/bus/positions.ts";
import {
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

/** NATS takes a mebibyte, headers included. */
const MAX_MESSAGE_BYTES = 1024 * 1024 - 1024;

const definitions = {
  ...submissionEvents,
  ...partnerEvents,
  ...partnerConfigEvents,
  ...identityEvents,
  ...rulesetEvents,
  ...compiledEvents,
  ...sourceEvents,
};
const codec = createCodec(definitions);

export interface PublishParts {
  readonly bus: Bus;
  readonly partitions: number;
  /** Whether what nobody has to react to is published as well. */
  readonly publishFacts: boolean;
  readonly log: Log;
}

/**
 * Publishes what is to be published, all at once and in order; resolves when all of it is stored. When it throws, the same events
 * come again. `stored` is how far everything was stored before them.
 */
export async function publishEvents(
  events: readonly StoredEvent[],
  stored: bigint,
  { bus, partitions, publishFacts, log }: PublishParts,
): Promise<void> {
  const answers = await Promise.allSettled(
    events.map(async (event) => {
      const subject = mailSubject(event, partitions) ?? (publishFacts ? factSubjectOf(event) : undefined);
      if (subject === undefined) return;
      const message = packEvent(event);
      if (message.byteLength > MAX_MESSAGE_BYTES) {
        // One that can't be sent must not keep all the others from being sent.
        const { id, stream } = event;
        log.error({ event: id, stream, bytes: message.byteLength }, "event is too large to publish");
        return;
      }
      const headers = { [POSITION]: `${event.position}`, [RESUME]: `${stored}` };
      await bus.publish(subject, message, { id: event.id, headers });
    }),
  );
  const failed = answers.find((answer) => answer.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

/** For a relay that starts after a long run of events that were not published: it need not read them again. */
export async function publishPosition(bus: Bus, stored: bigint): Promise<void> {
  const headers = { [POSITION]: `${stored}`, [RESUME]: `${stored}` };
  await bus.publish(RELAY_POSITION_SUBJECT, new Uint8Array(), { id: `relay:${stored}`, headers });
}

/** Undefined where nobody has to react. */
function mailSubject(stored: StoredEvent, partitions: number): string | undefined {
  const event = addressable(stored);
  if (event === undefined) return undefined;
  const mailbox = mailboxOf(event);
  switch (mailbox.to) {
    case "lead":
      return leadSubject(partitionOf(mailbox.submission, partitions), stored.type);
    case "partner":
      return partnerSubject(mailbox.partner, stored.type);
    case "compiler":
      return rulesSubject(stored.type);
    case "nobody":
      return undefined;
  }
}

/** Undefined where it is not ours or can't be read: then nobody can react to it. */
function addressable(stored: StoredEvent): YardEvent | undefined {
  const known = Object.hasOwn(definitions, stored.type)
    ? definitions[stored.type as keyof typeof definitions]
    : undefined;
  if (known === undefined) return undefined;
  // What we wrote in today's version needs no second look: addressing is the relay's whole cost.
  if (stored.version === known.version) return { type: stored.type, data: stored.data } as YardEvent;
  try {
    const decoded = codec.decode(stored);
    return decoded.known ? decoded.event : undefined;
  } catch (error) {
    if (error instanceof UnreadableEvent) return undefined;
    throw error;
  }
}

const factSubjectOf = ({ stream, type }: StoredEvent): string =>
  factSubject(stream.split("-", 1)[0] as string, type);
