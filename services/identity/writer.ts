// The one writer of the identity stream, while this process holds the lease.
import { type IdentityDecision, identityDecider } from "#domain/identity/decide.ts";
import { IDENTITY_STREAM } from "#domain/identity/events.ts";
import type { People } from "#domain/identity/people.ts";
import type {
  Answer,
  ForgetAnswer,
  IdentityRefusal,
  Questions,
  SplitAnswer,
} from "#domain/identity/question.ts";
import { rawReadableUntil } from "#domain/identity/retention.ts";
import type { PersonId } from "#domain/ids.ts";
import { personKey } from "#domain/seal-contexts.ts";
import { type NotWritten, openBatchWriter } from "#platform/batch-writer.ts";
import type { Loaded } from "#platform/fold-stream.ts";
import type { Lease } from "#platform/leases.ts";
import { retryUntil } from "#platform/retry.ts";
import { type IdentityParts, loadIndex } from "./load-index.ts";
import { type Prepared, prepare } from "./prepare.ts";
import { encode, type WriterCommand } from "./stored-events.ts";

export interface IdentityWriter {
  /** Resolves once everything that the answers rest on is stored. */
  ask(questions: Questions): Promise<Answer[]>;
  split(id: PersonId, by?: string): Promise<SplitAnswer>;
  forget(id: PersonId, now: Date, by?: string): Promise<ForgetAnswer>;
  /** Takes no more, and waits for what is under way. */
  close(): Promise<void>;
}

/** Nothing was stored by this process; whoever asked must ask again. */
export class NotAnswered extends Error {
  override name = "NotAnswered";
}

export interface IdentityWriterOptions extends IdentityParts {
  readonly lease: Lease;
  /** What was read before the first question; later the index is loaded anew. */
  readonly loaded: Loaded<People>;
  /** Ends what is tried again and again. */
  readonly stopping: AbortSignal;
}

const BACKOFF = { baseMs: 100, maxMs: 2_000 };

export function openIdentityWriter(options: IdentityWriterOptions): IdentityWriter {
  const { eventStore, vault, snapshots, log, lease, stopping } = options;
  let loaded: Loaded<People> | undefined = options.loaded;
  let forgetting = 0;
  const { evolve, decide } = identityDecider(loaded.state);

  const writer = openBatchWriter<People, WriterCommand, IdentityDecision>({
    stream: IDENTITY_STREAM,
    decider: { evolve, decide },
    eventStore,
    async load() {
      const before = loaded;
      loaded = undefined;
      return before ?? loadIndex(options);
    },
    encode: (events, command) => encode(events, command, vault),
    mayWrite: () => lease.valid,
    decides: "by_batch",
    onStored(stored) {
      // Who loads a snapshot does not see what was forgotten before it, so the keys must be destroyed first.
      if (forgetting === 0) snapshots.consider(stored);
    },
    log,
  });

  async function answer(question: Prepared): Promise<Answer> {
    if ("refused" in question) return question;
    const { decision } = await writer.write(question);
    if ("answer" in decision) return decision.answer;
    if (!decision.accepted && decision.reason === "too_large")
      return { refused: "its details are too large" };
    throw new NotAnswered(decision.accepted ? "no answer" : decision.reason);
  }

  /** False where it was told to stop before; then whoever loads the index next destroys them. */
  async function destroyKeys(persons: readonly PersonId[]): Promise<boolean> {
    const destroyed = await retryUntil(() => vault.destroy(persons.map(personKey)).then(() => true), {
      backoff: BACKOFF,
      signal: AbortSignal.any([lease.lost, stopping]),
      onFailure: (error) => log.warn({ err: error }, "keys of a forgotten person not destroyed yet"),
    });
    return destroyed === true;
  }

  return {
    async ask(questions) {
      if (!(await writer.open()) || writer.state === undefined) throw new NotAnswered("not_the_writer");
      return Promise.all((await prepare(questions, writer.state, vault)).map(answer));
    },
    async split(person_id, by) {
      const { decision, position } = await writer.write({ type: "split", person_id, by });
      if (!decision.accepted) return refusedBy(decision.reason);
      const [event] = decision.events;
      if (event?.type !== "PersonsSplit") throw new NotAnswered("no answer");
      return { ...event.data, position: `${position}` };
    },
    async forget(person_id, now, by) {
      forgetting += 1;
      const raw_readable_until = rawReadableUntil(now);
      const { decision, position } = await writer.write({
        type: "forget",
        person_id,
        raw_readable_until,
        by,
      });
      const [event] = decision.accepted ? decision.events : [];
      const persons = event?.type === "PersonForgotten" ? event.data.persons : [];
      // After the log says so: whoever takes over finds it there and destroys them again.
      if (persons.length > 0 && !(await destroyKeys(persons))) throw new NotAnswered("keys not destroyed");
      forgetting -= 1;
      if (!decision.accepted) return refusedBy(decision.reason);
      return { persons, raw_readable_until, position: `${position}` };
    },
    async close() {
      await writer.close();
      await snapshots.written();
    },
  };
}

function refusedBy(reason: IdentityRefusal | NotWritten["reason"]): { readonly refused: IdentityRefusal } {
  switch (reason) {
    case "unknown_person":
    case "forgotten":
    case "nothing_to_split":
      return { refused: reason };
    case "not_the_writer":
    case "not_stored":
    case "too_large":
      throw new NotAnswered(reason);
  }
}
