// How events of the identity stream are stored: sealed on the way in, checked on the way out.
import type { Identify, IdentityCommand } from "#domain/identity/decide.ts";
import { type IdentityEvent, identityEvents, type UnsealedIdentityEvent } from "#domain/identity/events.ts";
import type { Details } from "#domain/identity/question.ts";
import type { PersonId } from "#domain/ids.ts";
import { personContext, personKey } from "#domain/seal-contexts.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import type { NewEvent, StoredEvent } from "#platform/event-store/stored-event.ts";
import { decodeKnown } from "#platform/fold-stream.ts";
import { deterministicUuid, newUuid } from "#platform/ids.ts";
import type { Sealed, Vault } from "#platform/vault/vault.ts";

/** With what is to be sealed into whatever is recorded. */
export interface Question extends Identify {
  readonly details: Details;
}

export type WriterCommand = Question | Exclude<IdentityCommand, Identify>;

const codec = createCodec(identityEvents);
const decodeChecked = decodeKnown(codec);

export function decode(stored: StoredEvent): IdentityEvent {
  const known = Object.hasOwn(identityEvents, stored.type)
    ? identityEvents[stored.type as IdentityEvent["type"]]
    : undefined;
  // A million times over, a second look at what this writer wrote itself would cost most of a takeover.
  if (known?.version === stored.version) return { type: stored.type, data: stored.data } as IdentityEvent;
  return decodeChecked(stored);
}

/** Under whose keys these are to be sealed. */
export function keysFor(events: readonly UnsealedIdentityEvent[]): string[] {
  return events.flatMap(({ type, data }) =>
    type === "PersonRegistered" || type === "AliasRecorded" ? personKey(data.person_id) : [],
  );
}

export async function encode(
  events: readonly UnsealedIdentityEvent[],
  command: WriterCommand,
  vault: Vault,
): Promise<NewEvent[]> {
  const at = new Date().toISOString();
  const sealed = await Promise.all(events.map((event) => seal(event, command, vault)));
  return sealed.map((event) =>
    codec.encode(event, {
      id: eventId(event, command),
      at,
      ...(command.type === "identify" && { correlation: command.submission_id }),
    }),
  );
}

/** The same question records the same events, whoever is asked and however often. */
function eventId(event: IdentityEvent, command: WriterCommand): string {
  if (command.type !== "identify") return newUuid();
  const merged = event.type === "PersonsMerged" ? [event.data.from, event.data.into] : [];
  return deterministicUuid("identity", command.submission_id, event.type, ...merged);
}

async function seal(
  event: UnsealedIdentityEvent,
  command: WriterCommand,
  vault: Vault,
): Promise<IdentityEvent> {
  const details = command.type === "identify" ? command.details : {};
  const sealFor = async (id: PersonId): Promise<Sealed> =>
    // Nearly always at hand: it was made while the question was prepared.
    vault.sealCached(personKey(id), details, personContext(id)) ??
    vault.seal(personKey(id), details, personContext(id));
  switch (event.type) {
    case "PersonRegistered":
      return { type: event.type, data: { ...event.data, sealed: await sealFor(event.data.person_id) } };
    case "AliasRecorded":
      return { type: event.type, data: { ...event.data, sealed: await sealFor(event.data.person_id) } };
    case "PersonsMerged":
    case "PersonsSplit":
    case "PersonForgotten":
      return event;
  }
}
