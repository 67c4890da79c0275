import { IDENTITY_STREAM } from "#domain/identity/events.ts";
import type { Answer, Question } from "#domain/identity/question.ts";
import { EventStoreUnavailable, WrongExpectedRevision } from "#platform/event-store/errors.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { NewEvent } from "#platform/event-store/stored-event.ts";
import type { Lease } from "#platform/leases.ts";
import type { Log } from "#platform/log.ts";
import type { Vault } from "#platform/vault/vault.ts";
import { answerAll } from "./answer.ts";
import { type Known, loadPeople } from "./load.ts";

export interface WriterParts {
  readonly eventStore: EventStore;
  readonly vault: Vault;
  readonly log: Log;
}

export interface Writer {
  /** Resolves once everything that the answers rest on is stored. */
  ask(questions: readonly Question[]): Promise<Answer[]>;
  /** Takes no more, and waits for the batch under way. */
  close(): Promise<void>;
}

/** Another process may speak for identity now; who asked must ask again. */
export class NotTheWriter extends Error {
  override name = "NotTheWriter";
}

interface Waiting {
  readonly questions: readonly Question[];
  readonly resolve: (answers: Answer[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Two events a question at the most, about 800 bytes each: well below what one append may hold. */
const LARGEST_BATCH = 400;

export async function openWriter(parts: WriterParts, lease: Lease): Promise<Writer> {
  const { eventStore, log } = parts;
  let known: Known | undefined = await loadPeople(eventStore, log);
  let waiting: Waiting[] = [];
  let working: Promise<void> | undefined;
  let isOpen = true;

  const mayWrite = (): boolean => !lease.lost.aborted && performance.now() < lease.expiresAt();

  async function append(revision: Known["revision"], events: readonly NewEvent[]): Promise<bigint> {
    for (;;) {
      if (!mayWrite()) throw new NotTheWriter("the lease is over");
      try {
        return (await eventStore.append(IDENTITY_STREAM, revision, events)).revision;
      } catch (error) {
        // It may be stored all the same, so the index is ahead and only the same append can go on.
        if (!(error instanceof EventStoreUnavailable)) throw error;
        log.warn({ err: error }, "identity waits for the event store");
      }
    }
  }

  async function settle(batch: readonly Waiting[]): Promise<void> {
    try {
      if (!mayWrite()) throw new NotTheWriter("the lease is over");
      known ??= await loadPeople(eventStore, log);
      const questions = batch.flatMap((one) => one.questions);
      const { answers, events } = await answerAll(questions, known.people, parts.vault);
      if (events.length > 0) known = { ...known, revision: await append(known.revision, events) };
      let from = 0;
      for (const { questions: asked, resolve } of batch) {
        resolve(answers.slice(from, from + asked.length));
        from += asked.length;
      }
    } catch (error) {
      // The index may hold what the log does not: it is read anew before the next answer.
      known = undefined;
      if (error instanceof WrongExpectedRevision) log.warn("another writer speaks for identity");
      for (const { reject } of batch) reject(error);
    }
  }

  async function work(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, 1);
      let size = batch[0]?.questions.length ?? 0;
      for (const one of waiting.slice(1)) {
        if (size + one.questions.length > LARGEST_BATCH) break;
        size += one.questions.length;
        batch.push(one);
      }
      waiting = waiting.slice(batch.length);
      await settle(batch);
    }
    working = undefined;
  }

  return {
    ask(questions) {
      if (!isOpen) return Promise.reject(new NotTheWriter("closing"));
      return new Promise((resolve, reject) => {
        waiting.push({ questions, resolve, reject });
        working ??= work();
      });
    },
    async close() {
      isOpen = false;
      await working;
    },
  };
}
