import { IDENTITY_STREAM, type IdentityEvent, identityEvents } from "#domain/identity/events.ts";
import { createPeople, type People } from "#domain/identity/people.ts";
import { personKey } from "#domain/seal-contexts.ts";

import type { EventStore } from "#platform/event-store/event-store.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import type { Log } from "#platform/log.ts";
import type { Vault } from "#platform/vault/vault.ts";
import type { Snapshots } from "./snapshots.ts";
import { codec } from "./stored.ts";

export interface Known {
  readonly people: People;
  /** The last event that is in it. */
  revision: bigint | "no_stream";
}

interface LoadParts {
  readonly eventStore: EventStore;
  readonly vault: Vault;
  readonly snapshots: Snapshots;
  readonly log: Log;
}

/** Everybody, as the log says: those who are known already, else a snapshot, and what came after it. */
export async function loadPeople(
  { eventStore, vault, snapshots, log }: LoadParts,
  already?: Known,
): Promise<Known> {
  const began = performance.now();
  const newest = already ?? (await snapshots.load());
  const people = newest?.people ?? createPeople();
  let revision: Known["revision"] = newest?.revision ?? "no_stream";
  const from = revision === "no_stream" ? 0n : revision + 1n;
  const toDestroy: string[] = [];
  for await (const stored of eventStore.streamEvents(IDENTITY_STREAM, from)) {
    const event = eventIn(stored);
    people.apply(event);
    if (event.type === "PersonForgotten") toDestroy.push(...event.data.persons.map(personKey));
    revision = stored.revision;
  }
  // Whoever wrote that may have died before the keys did.
  if (toDestroy.length > 0) await vault.destroy(toDestroy);
  const ms = Math.round(performance.now() - began);
  log.info({ records: people.count, from, ms }, "everybody is known");
  return { people, revision };
}

function eventIn(stored: StoredEvent): IdentityEvent {
  const known = Object.hasOwn(identityEvents, stored.type)
    ? identityEvents[stored.type as IdentityEvent["type"]]
    : undefined;
  // A million times over, a second look at what this writer wrote itself would cost most of a takeover.
  if (known?.version === stored.version) return { type: stored.type, data: stored.data } as IdentityEvent;
  const decoded = codec.decode(stored);
  // To answer without knowing what it says could make two persons of one.
  if (!decoded.known) throw new Error(`${decoded.type} in ${IDENTITY_STREAM} is unknown to this release`);
  return decoded.event;
}
