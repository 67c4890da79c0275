// The one who writes a partner's stream: decides against the book, and stores what was decided in as few appends as possible.
import type { PartnerId } from "#domain/ids.ts";
import { type Book, emptyBook, enter } from "#domain/partner/book.ts";
import type { Command, Decision, Policy } from "#domain/partner/command.ts";
import { decide } from "#domain/partner/decide.ts";
import { type PartnerEvent, partnerEvents, partnerStream } from "#domain/partner/events.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { NewEvent } from "#platform/event-store/stored-event.ts";
import { deterministicUuid } from "#platform/ids.ts";
import type { Log } from "#platform/log.ts";

/** What an event is traced back to. */
export interface Cause {
  readonly id: string | undefined;
  readonly trace: string | undefined;
}

export interface Written {
  readonly decision: Decision;
  /** Resolves once it is stored. Rejects when this ledger is broken: then nothing that depends on it may happen. */
  readonly stored: Promise<void>;
}

export interface Ledger {
  readonly book: Book;
  /** True once an append has failed: the book may differ from the stream, and a new ledger has to be opened. */
  readonly broken: boolean;
  write(command: Command, policy: Policy, cause: Cause): Written;
}

interface Entry {
  readonly events: NewEvent[];
  readonly size: number;
  readonly stored: PromiseWithResolvers<void>;
}

/** Well below what a store takes in one append. */
const MOST_BYTES = 512 * 1024;
const MOST_EVENTS = 1_000;
const codec = createCodec(partnerEvents);

export async function openLedger(
  partner: PartnerId,
  { eventStore, log }: { readonly eventStore: EventStore; readonly log: Log },
): Promise<Ledger> {
  const stream = partnerStream(partner);
  const book = emptyBook();
  let expected: bigint | "no_stream" = "no_stream";
  for await (const raw of eventStore.streamEvents(stream)) {
    const decoded = codec.decode(raw);
    if (decoded.known) enter(book, decoded.event);
    else log.warn({ stream, type: decoded.type }, "an event of an unknown type was passed over");
    expected = raw.revision;
  }

  let waiting: Entry[] = [];
  let storing = false;
  let broken = false;

  async function store(): Promise<void> {
    // What is decided in the same turn of the event loop goes into the same append.
    await new Promise(setImmediate);
    while (waiting.length > 0 && !broken) {
      const batch = takeBatch();
      const events = batch.flatMap((entry) => entry.events);
      try {
        expected = (await eventStore.append(stream, expected, events)).revision;
        for (const entry of batch) entry.stored.resolve();
      } catch (error) {
        broken = true;
        for (const entry of [...batch, ...waiting]) entry.stored.reject(error);
        waiting = [];
      }
    }
    storing = false;
  }

  function takeBatch(): Entry[] {
    let bytes = 0;
    let events = 0;
    let count = 0;
    for (const entry of waiting) {
      bytes += entry.size;
      events += entry.events.length;
      if (count > 0 && (bytes > MOST_BYTES || events > MOST_EVENTS)) break;
      count += 1;
    }
    return waiting.splice(0, count);
  }

  return {
    book,
    get broken() {
      return broken;
    },
    write(command, policy, cause) {
      if (broken)
        return { decision: { accepted: true, events: [] }, stored: Promise.reject(new BrokenLedger()) };
      const decision = decide(command, book, policy);
      if (!decision.accepted) return { decision, stored: Promise.resolve() };
      // First, because it may throw, and the book must not know of what is never stored.
      const events = encode(stream, command, decision.events, cause);
      for (const event of decision.events) enter(book, event);
      const stored = Promise.withResolvers<void>();
      // Those who don't wait must not bring the process down.
      stored.promise.catch(() => undefined);
      waiting.push({
        events,
        size: decision.events.reduce((sum, event) => sum + sizeOf(event), 0),
        stored,
      });
      if (!storing) {
        storing = true;
        void store();
      }
      return { decision, stored: stored.promise };
    },
  };
}

class BrokenLedger extends Error {
  override name = "BrokenLedger";
}

function encode(
  stream: string,
  command: Command,
  events: readonly PartnerEvent[],
  { id, trace }: Cause,
): NewEvent[] {
  const attempt = events.map(attemptOf).find((number) => number !== undefined) ?? 0;
  return events.map((event) =>
    codec.encode(event, {
      id: deterministicUuid(stream, command.delivery_id, `${attempt}`, event.type),
      at: new Date().toISOString(),
      correlation: command.submission_id,
      ...(id !== undefined && { causation: id }),
      ...(trace !== undefined && { trace }),
    }),
  );
}

function attemptOf({ data }: PartnerEvent): number | undefined {
  if ("attempt" in data) return data.attempt;
  return "attempts" in data ? data.attempts : undefined;
}

/** Roughly: what is sealed is nearly all of an event. */
function sizeOf({ data }: PartnerEvent): number {
  const sealed = "sealed_request" in data ? data.sealed_request.data.length : 0;
  const answer = "sealed_response" in data ? (data.sealed_response?.data.length ?? 0) : 0;
  return 800 + sealed + answer;
}
