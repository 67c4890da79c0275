// Stores a submission exactly once: the name of its stream is the idempotency check.
import { setTimeout as pause } from "node:timers/promises";
import type { SubmissionId } from "#domain/ids.ts";
import { submissionEvents, submissionStream } from "#domain/submission/events.ts";
import type { Submission } from "#domain/submission/submission.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import { EventStoreUnavailable, mayPass, WrongExpectedRevision } from "#platform/event-store/errors.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import { newUuid } from "#platform/ids.ts";
import type { Log } from "#platform/log.ts";
import type { Vault } from "#platform/vault/vault.ts";
import { APPEND_DEADLINE_MS, withinDeadline } from "../deadlines.ts";
import { type Refusal, refusal } from "../refusal.ts";
import type { Admission } from "./admission.ts";
import { createIntakeSeal } from "./intake-seal.ts";

export interface Receipt {
  readonly id: SubmissionId;
  readonly position: bigint;
  /** It was stored before, with the same body. */
  readonly duplicate: boolean;
}

export interface StoreOptions {
  readonly id: SubmissionId;
  /** The body's text: tells a repeat from another body under the same key. */
  readonly text: string;
  readonly trace: string | undefined;
  /** The span that it was sent in. */
  readonly parent: string | undefined;
  /** Waits for a free slot, and for the same key that is in flight, rather than be refused. */
  readonly canWait: boolean;
}

export interface SubmissionStore {
  put(submission: Submission, options: StoreOptions): Promise<Receipt | Refusal>;
}

export interface StoreParts {
  readonly eventStore: EventStore;
  readonly vault: Vault;
  readonly admission: Admission;
  readonly log: Log;
}

/** Written twice in one append once the person is known, and an append takes a megabyte. */
export const MAX_SEALED_BYTES = 480 * 1024;
const TOO_LARGE = refusal("too_large", {
  detail:
    "As it is stored, numbers written out, the submission is larger than 360 KiB; send large numbers as text, or less at once",
});
const MAX_WAIT_MS = 10_000;
const MAX_WAIT_INSIDE_MS = 1_000;
const POLL_MS = 10;

const codec = createCodec(submissionEvents);

export function createStore({ eventStore, vault, admission, log }: StoreParts): SubmissionStore {
  const inFlight = new Set<SubmissionId>();
  const seal = createIntakeSeal(vault);

  async function append(
    submission: Submission,
    { id, text, trace, parent }: StoreOptions,
  ): Promise<Receipt | Refusal> {
    const { kind, source, received_at, idempotency_key } = submission;
    const stream = submissionStream(id);
    const sealed = await seal(submission, stream);
    if (sealed.data.length > MAX_SEALED_BYTES) return TOO_LARGE;
    const fingerprint = vault.fingerprint("body", text);
    const key_fingerprint = vault.fingerprint("idempotency_key", idempotency_key);
    // A new event id, so that the store refuses a repeat and its body is compared.
    const metadata = {
      id: newUuid(),
      at: received_at,
      trace: trace ?? id.replaceAll("-", ""),
      ...(parent !== undefined && { parent }),
      correlation: id,
    };
    const data = { submission_id: id, kind, source, received_at, fingerprint, key_fingerprint, sealed };
    const event = codec.encode({ type: "SubmissionReceived", data }, metadata);
    try {
      const { position } = await eventStore.append(stream, "no_stream", [event], {
        deadlineMs: APPEND_DEADLINE_MS,
      });
      return { id, position, duplicate: false };
    } catch (error) {
      if (error instanceof WrongExpectedRevision) return repeated(id, fingerprint);
      throw error;
    }
  }

  async function repeated(id: SubmissionId, fingerprint: string): Promise<Receipt | Refusal> {
    const [first] = await eventStore.readStream(submissionStream(id), { maxCount: 1 });
    const decoded = first && codec.decode(first);
    if (first === undefined || !decoded?.known || decoded.event.type !== "SubmissionReceived")
      throw new Error(`${submissionStream(id)} does not begin with SubmissionReceived`);
    if (decoded.event.data.fingerprint !== fingerprint) return refusal("key_reused");
    return { id, position: first.position, duplicate: true };
  }

  /** Who was let in when there was room keeps the place, although there may be less room by now. */
  function maxWaitMs(canWait: boolean): number {
    if (canWait) return MAX_WAIT_MS;
    return admission.isFailing ? 0 : MAX_WAIT_INSIDE_MS;
  }

  return {
    async put(submission, options) {
      const { id, text, canWait } = options;
      const enter = () => (inFlight.has(id) ? undefined : admission.enter(text.length));
      let slot = enter();
      for (let waited = 0; slot === undefined && waited < maxWaitMs(canWait); waited += POLL_MS) {
        if (!canWait && inFlight.has(id)) break;
        await pause(POLL_MS);
        slot = enter();
      }
      if (inFlight.has(id)) return refusal("in_flight", { retryAfterS: 1 });
      if (slot === undefined) {
        await admission.delayRefusal();
        return refusal("overloaded", { retryAfterS: 1 });
      }
      const began = performance.now();
      inFlight.add(id);
      try {
        const result = await withinDeadline(append(submission, options));
        slot.confirmed(performance.now() - began);
        return result;
      } catch (error) {
        slot.failed();
        if (!mayPass(error)) {
          log.error({ err: error, lead_id: id }, "submission can't be stored");
          return refusal("internal");
        }
        // Whatever failed, the vault's database or the event store: the producer can only try again, which is safe.
        if (!(error instanceof EventStoreUnavailable))
          log.error({ err: error, lead_id: id }, "submission not stored");
        return refusal("unavailable", { retryAfterS: 1 });
      } finally {
        inFlight.delete(id);
      }
    },
  };
}
