// How events of the identity stream are stored: sealed on the way in, checked on the way out.
import type { Identify, IdentityCommand } from "#domain/identity/decide.ts";
import {
  type IdentityEvent,
  identityEvents,
  type Traits,
  type UnsealedIdentityEvent,
} from "#domain/identity/events.ts";
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
  const event = { type: stored.type, data: stored.data } as IdentityEvent;
  // A million times over, a whole second look at what this writer wrote itself would cost most of a takeover.
  if (known?.version === stored.version && hasShape(event)) return event;
  return decodeChecked(stored);
}

/** All that the index takes from it; what differs gets the second look. */
function hasShape({ type, data }: IdentityEvent): boolean {
  if (typeof data !== "object" || data === null) return false;
  switch (type) {
    case "PersonRegistered":
      return isId(data.person_id) && haveShape(data.traits);
    case "AliasRecorded":
      return isId(data.person_id) && isId(data.alias_id) && haveShape(data.traits);
    case "PersonSeenAgain":
      return isId(data.person_id) && isId(data.submission_id);
    case "PersonsMerged":
    case "PersonsSplit":
      return isId(data.into) && isId(data.from);
    case "PersonForgotten":
      return false;
  }
}

const isId = (id: unknown): boolean => typeof id === "string" && id.length === 36;
const isTrait = (value: unknown): boolean => value === undefined || typeof value === "string";
const haveShape = (traits: Traits | null | undefined): boolean =>
  typeof traits === "object" &&
  traits !== null &&
  isTrait(traits.email) &&
  isTrait(traits.phone) &&
  isTrait(traits.name);

/** Under whose keys these are to be sealed. */
export function keysFor(events: readonly UnsealedIdentityEvent[]): string[] {
  return events.flatMap(({ type, data }) =>
    type === "PersonRegistered" || type === "AliasRecorded" ? personKey(data.person_id) : [],
  );
}

/** At once where the keys are at hand, as nearly always: they were made while the question was prepared. */
export function encode(
  events: readonly UnsealedIdentityEvent[],
  command: WriterCommand,
  vault: Vault,
): NewEvent[] | Promise<NewEvent[]> {
  const sealed = sealAll(events, command, vault);
  if (sealed !== undefined) return toStored(sealed, command);
  return vault.ensureKeys(keysFor(events)).then(() => {
    const again = sealAll(events, command, vault);
    if (again === undefined) throw new Error(`a key of ${keysFor(events)} is destroyed`);
    return toStored(again, command);
  });
}

function toStored(events: readonly IdentityEvent[], command: WriterCommand): NewEvent[] {
  const at = new Date().toISOString();
  return events.map((event) =>
    codec.encode(event, {
      id: eventId(event, command),
      at,
      ...(command.type === "identify"
        ? { correlation: command.submission_id }
        : command.by !== undefined && { by: command.by }),
    }),
  );
}

/** The same question records the same events, whoever is asked and however often. */
function eventId(event: IdentityEvent, command: WriterCommand): string {
  if (command.type !== "identify") return newUuid();
  const merged = event.type === "PersonsMerged" ? [event.data.from, event.data.into] : [];
  return deterministicUuid("identity", command.submission_id, event.type, ...merged);
}

/** Undefined where a key is not at hand. */
function sealAll(
  events: readonly UnsealedIdentityEvent[],
  command: WriterCommand,
  vault: Vault,
): IdentityEvent[] | undefined {
  const details = command.type === "identify" ? command.details : {};
  const sealed = events.flatMap((event) => seal(event, details, vault) ?? []);
  return sealed.length === events.length ? sealed : undefined;
}

function seal(event: UnsealedIdentityEvent, details: Details, vault: Vault): IdentityEvent | undefined {
  const sealFor = (id: PersonId): Sealed | undefined =>
    vault.sealCached(personKey(id), details, personContext(id));
  switch (event.type) {
    case "PersonRegistered": {
      const sealed = sealFor(event.data.person_id);
      return sealed && { type: event.type, data: { ...event.data, sealed } };
    }
    case "AliasRecorded": {
      const sealed = sealFor(event.data.person_id);
      return sealed && { type: event.type, data: { ...event.data, sealed } };
    }
    case "PersonSeenAgain":
    case "PersonsMerged":
    case "PersonsSplit":
    case "PersonForgotten":
      return event;
  }
}
