import { IDENTITY_STREAM, identityEvents } from "#domain/identity/events.ts";
import { createPeople, type People } from "#domain/identity/people.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { Log } from "#platform/log.ts";

export interface Known {
  readonly people: People;
  /** The last event that is in it. */
  readonly revision: bigint | "no_stream";
}

export const codec = createCodec(identityEvents);

/** Everybody, as the log says. */
export async function loadPeople(eventStore: EventStore, log: Log): Promise<Known> {
  const began = performance.now();
  const people = createPeople();
  let revision: Known["revision"] = "no_stream";
  for await (const stored of eventStore.streamEvents(IDENTITY_STREAM)) {
    const decoded = codec.decode(stored);
    // To answer without knowing what it says could make two persons of one.
    if (!decoded.known) throw new Error(`${decoded.type} in ${IDENTITY_STREAM} is unknown to this release`);
    people.apply(decoded.event);
    revision = stored.revision;
  }
  log.info({ records: people.count, ms: Math.round(performance.now() - began) }, "everybody is known");
  return { people, revision };
}
