import { identityEvents } from "#domain/identity/events.ts";
import type { SubmissionId } from "#domain/ids.ts";
import { mailboxOf, partitionOf, type YardEvent } from "#domain/mail.ts";
import { partnerConfigEvents } from "#domain/partner/config.ts";
import { partnerEvents } from "#domain/partner/events.ts";
import { compiledEvents, rulesetEvents } from "#domain/rules/events.ts";
import { sourceEvents } from "#domain/source/events.ts";
import { submissionEvents } from "#domain/submission/events.ts";
import type { Bus } from "#platform/bus/bus.ts";
import { factSubject, leadSubject, partnerSubject, rulesSubject } from "#platform/bus/subjects.ts";
import { createCodec, UnreadableEvent } from "#platform/event-store/codec.ts";
import { packEvent } from "#platform/event-store/event-mail.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import type { Log } from "#platform/log.ts";

/** Where the event stands in the log. */
export const POSITION = "Switchyard-Position";
/** Everything up to here is known to be in the stream before this message. */
export const RESUME = "Switchyard-Resume";

/** NATS takes a mebibyte, headers included. */
const LARGEST_MAIL = 1024 * 1024 - 1024;

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

export interface Window {
  readonly bus: Bus;
  readonly partitions: number;
  readonly stored: bigint;
  readonly log: Log;
}

/** Publishes all at once and in order; resolves when all are stored. When it throws, the same window comes again. */
export async function publishWindow(events: readonly StoredEvent[], window: Window): Promise<void> {
  const { bus, partitions, stored, log } = window;
  const answers = await Promise.allSettled(
    events.map(async (event) => {
      const mail = packEvent(event);
      if (mail.byteLength > LARGEST_MAIL) {
        // One that can't be sent must not keep all the others from being sent.
        log.error({ event: event.id, stream: event.stream, bytes: mail.byteLength }, "too large to relay");
        return;
      }
      const headers = { [POSITION]: `${event.position}`, [RESUME]: `${stored}` };
      await bus.publish(subjectOf(event, partitions), mail, { id: event.id, headers });
    }),
  );
  const failed = answers.find((answer) => answer.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

function subjectOf(stored: StoredEvent, partitions: number): string {
  const event = addressable(stored);
  const mailbox = event === undefined ? ({ to: "nobody" } as const) : mailboxOf(event);
  switch (mailbox.to) {
    case "lead":
      return leadSubject(partitionOf(mailbox.submission as SubmissionId, partitions), stored.type);
    case "partner":
      return partnerSubject(mailbox.partner, stored.type);
    case "compiler":
      return rulesSubject(stored.type);
    case "nobody":
      return factSubject(categoryOf(stored.stream), stored.type);
  }
}

/** Undefined where it is not ours or can't be read: then nobody can react to it, and it passes by as a fact. */
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

const categoryOf = (stream: string): string => stream.split("-", 1)[0] as string;

export function positionIn(
  message: { readonly headers: { get(name: string): string } | undefined },
  header: string,
): bigint | undefined {
  const text = message.headers?.get(header);
  return text ? BigInt(text) : undefined;
}
