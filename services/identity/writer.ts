import type { Decision } from "#domain/decider.ts";
import { forget, type Refusal, split } from "#domain/identity/decide.ts";
import type { Draft } from "#domain/identity/draft.ts";
import { IDENTITY_STREAM } from "#domain/identity/events.ts";
import type { People } from "#domain/identity/people.ts";
import type { Answer, ForgetAnswer, Questions, SplitAnswer } from "#domain/identity/question.ts";
import { rawReadableUntil } from "#domain/identity/retention.ts";
import type { PersonId } from "#domain/ids.ts";
import { personKey } from "#domain/seal-contexts.ts";
import { EventStoreUnavailable, WrongExpectedRevision } from "#platform/event-store/errors.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { NewEvent } from "#platform/event-store/stored-event.ts";
import { newUuid } from "#platform/ids.ts";
import type { Lease } from "#platform/leases.ts";
import type { Log } from "#platform/log.ts";
import type { Vault } from "#platform/vault/vault.ts";
import { answerAll } from "./answer.ts";
import { type Known, loadPeople } from "./load.ts";
import { prepare } from "./prepare.ts";
import { createQueue } from "./queue.ts";
import type { Snapshots } from "./snapshots.ts";
import { codec } from "./stored.ts";

export interface WriterParts {
  readonly eventStore: EventStore;
  readonly vault: Vault;
  readonly snapshots: Snapshots;
  readonly log: Log;
}

export interface Writer {
  /** Resolves once everything that the answers rest on is stored. */
  ask(questions: Questions): Promise<Answer[]>;
  split(id: PersonId): Promise<SplitAnswer>;
  forget(id: PersonId, now: Date): Promise<ForgetAnswer>;
  /** Takes no more, and waits for what is under way. */
  close(): Promise<void>;
}

/** Another process may speak for identity now; who asked must ask again. */
export class NotTheWriter extends Error {
  override name = "NotTheWriter";
}

type Order = (known: Known) => Promise<unknown>;
type Done<Type extends Draft["type"]> =
  | { readonly event: Extract<Draft, { type: Type }>; readonly position: string }
  | { readonly refused: Refusal };

/** `prepared` is what was read before it was our turn; what came after it is read now. */
export async function openWriter(parts: WriterParts, lease: Lease, prepared?: Known): Promise<Writer> {
  const { eventStore, vault, snapshots, log } = parts;
  const load = (): Promise<Known> => loadPeople(parts);
  let known: Known | undefined = await loadPeople(parts, prepared);

  async function append(events: readonly NewEvent[], to: Known): Promise<{ readonly position: bigint }> {
    for (;;) {
      if (!lease.valid) throw new NotTheWriter("the lease is over");
      try {
        const appended = await eventStore.append(IDENTITY_STREAM, to.revision, events);
        to.revision = appended.revision;
        return appended;
      } catch (error) {
        // It may be stored all the same, so the index is ahead and only the same append can go on.
        if (!(error instanceof EventStoreUnavailable)) throw error;
        log.warn({ err: error }, "identity waits for the event store");
      }
    }
  }

  /** One after the other: each knows what the one before it has stored. */
  async function exclusively<T>(work: (people: Known) => Promise<T>): Promise<T> {
    try {
      if (!lease.valid) throw new NotTheWriter("the lease is over");
      known ??= await load();
      const result = await work(known);
      snapshots.consider(known);
      return result;
    } catch (error) {
      // The index may hold what the log does not: it is read anew before the next answer.
      known = undefined;
      if (error instanceof WrongExpectedRevision) log.warn("another writer speaks for identity");
      throw error;
    }
  }

  const queue = createQueue({
    answer: (questions) =>
      exclusively(async (now) => {
        const { answers, events } = await answerAll(questions, now.people, vault);
        if (events.length > 0) await append(events, now);
        return answers;
      }),
    carryOut: (order: Order) => exclusively(order),
  });

  async function carryOut<Type extends "PersonsSplit" | "PersonForgotten">(
    decide: (people: People) => Decision<Draft, Refusal>,
    afterwards: (event: Extract<Draft, { type: Type }>) => Promise<void>,
  ): Promise<Done<Type>> {
    return queue.order(async (now) => {
      const decision = decide(now.people);
      if (!decision.accepted) return { refused: decision.reason };
      const event = decision.events[0] as Extract<Draft, { type: Type }>;
      now.people.apply(event);
      const id = newUuid();
      const { position } = await append([codec.encode(event, { id, at: new Date().toISOString() })], now);
      await afterwards(event);
      return { event, position: `${position}` };
    }) as Promise<Done<Type>>;
  }

  return {
    ask: async (questions) => queue.ask(await prepare(questions, known?.people, vault)),
    async split(id) {
      const done = await carryOut<"PersonsSplit">(
        (people) => split(id, people),
        async () => undefined,
      );
      return "refused" in done ? done : { ...done.event.data, position: done.position };
    },
    async forget(person_id, now) {
      const raw_readable_until = rawReadableUntil(now);
      const done = await carryOut<"PersonForgotten">(
        (people) => forget({ person_id, raw_readable_until }, people),
        // After the log says so: whoever takes over finds it there and destroys them again.
        ({ data }) => vault.destroy(data.persons.map(personKey)),
      );
      if ("refused" in done) return done;
      const { persons } = done.event.data;
      return { persons, raw_readable_until, position: done.position };
    },
    async close() {
      await queue.close();
      await snapshots.settled();
    },
  };
}
