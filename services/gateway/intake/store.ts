// One submission into the event store, exactly once: the stream's name is the idempotency check.
import { setTimeout as pause } from "node:timers/promises";
import type { SubmissionId } from "#domain/ids.ts";
import { submissionEvents, submissionStream } from "#domain/submission/events.ts";
import type { Submission } from "#domain/submission/submission.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import { EventStoreUnavailable, WrongExpectedRevision } from "#platform/event-store/errors.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import { newUuid } from "#platform/ids.ts";
import type { Log } from "#platform/log.ts";
import type { Vault } from "#platform/vault/vault.ts";
import { APPEND_DEADLINE_MS, inTime } from "../in-time.ts";
import { type Refusal, refusal } from "../refusal.ts";
import type { Admission } from "./admission.ts";
import { createIntakeSeal } from "./intake-seal.ts";

export interface Receipt {
  readonly id: SubmissionId;
  readonly position: bigint;
  /** It was taken in before, with the same body. */
  readonly duplicate: boolean;
}

export interface Identity {
  readonly id: SubmissionId;
  /** The body's text: a repeat is told from another body by it. */
  readonly text: string;
  readonly trace: string | undefined;
  /** Whether to wait for room, and for the same key that is on its way, rather than to refuse. */
  readonly patient: boolean;
}

export interface Store {
  put(submission: Submission, identity: Identity): Promise<Receipt | Refusal>;
}

export interface StoreParts {
  readonly eventStore: EventStore;
  readonly vault: Vault;
  readonly admission: Admission;
  readonly log: Log;
}

const codec = createCodec(submissionEvents);

export function createStore({ eventStore, vault, admission, log }: StoreParts): Store {
  const inFlight = new Set<SubmissionId>();
  const seal = createIntakeSeal(vault);

  async function append(submission: Submission, { id, text, trace }: Identity): Promise<Receipt | Refusal> {
    const { kind, source, received_at, idempotency_key } = submission;
    const stream = submissionStream(id);
    const sealed = await seal(submission, received_at.slice(0, 10), stream);
    const fingerprint = vault.fingerprint("body", text);
    const key_fingerprint = vault.fingerprint("idempotency_key", idempotency_key);
    // A fresh id: a repeat has to be refused as a second event and then recognised, with its body compared.
    const meta = {
      id: newUuid(),
      at: received_at,
      trace: trace ?? id.replaceAll("-", ""),
      correlation: id,
    };
    const data = { submission_id: id, kind, source, received_at, fingerprint, key_fingerprint, sealed };
    const event = codec.encode({ type: "SubmissionReceived", data }, meta);
    try {
      const { position } = await eventStore.append(stream, "no_stream", [event], {
        deadlineMs: APPEND_DEADLINE_MS,
      });
      return { id, position, duplicate: false };
    } catch (error) {
      if (error instanceof WrongExpectedRevision) return recognise(id, fingerprint);
      throw error;
    }
  }

  async function recognise(id: SubmissionId, fingerprint: string): Promise<Receipt | Refusal> {
    const [first] = await eventStore.readStream(submissionStream(id), { maxCount: 1 });
    if (first === undefined) throw new Error(`${id} has no beginning`);
    const decoded = codec.decode(first);
    if (!decoded.known || decoded.event.type !== "SubmissionReceived")
      throw new Error(`${id} begins with something else`);
    if (decoded.event.data.fingerprint !== fingerprint) return refusal("key_reused");
    return { id, position: first.position, duplicate: true };
  }

  return {
    async put(submission, identity) {
      const { id, text, patient } = identity;
      let pass = inFlight.has(id) ? undefined : admission.enter(text.length);
      for (let waited = 0; patient && pass === undefined && waited < PATIENCE_MS; waited += LOOK_AGAIN_MS) {
        await pause(LOOK_AGAIN_MS);
        pass = inFlight.has(id) ? undefined : admission.enter(text.length);
      }
      if (inFlight.has(id)) return refusal("in_flight", { retryAfterS: 1 });
      if (pass === undefined) {
        await admission.holdBack();
        return refusal("overloaded", { retryAfterS: 1 });
      }
      const began = performance.now();
      inFlight.add(id);
      try {
        const result = await inTime(append(submission, identity));
        pass.confirmed(performance.now() - began);
        return result;
      } catch (error) {
        pass.failed();
        // The vault's database and the store are alike to whoever sends: not now, and safe to repeat.
        if (!(error instanceof EventStoreUnavailable))
          log.error({ err: error, lead_id: id }, "a submission could not be stored");
        return refusal("unavailable", { retryAfterS: 1 });
      } finally {
        inFlight.delete(id);
      }
    },
  };
}

/** As long as anybody would wait; then even a patient one is told to come again. */
const PATIENCE_MS = 10_000;
const LOOK_AGAIN_MS = 10;
