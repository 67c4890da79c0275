// What is refused over a way in that has no responses becomes a dead letter with its reason.
import {
  INTAKE_STREAM_PREFIX,
  intakeEvents,
  intakeStream,
  RefusalId,
  type RefusedMessage,
} from "#domain/intake/events.ts";
import type { Kind } from "#domain/submission/events.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import { WrongExpectedRevision } from "#platform/event-store/errors.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import { deterministicUuid } from "#platform/ids.ts";
import type { Vault } from "#platform/vault/vault.ts";
import type { Refusal } from "../refusal.ts";
import { createIntakeSeal } from "./intake-seal.ts";

export interface RefusedArrival {
  /** Unique and stable: the same message refused again is the same dead letter. */
  readonly name: string;
  readonly source: string;
  readonly kind: Kind;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly at: number;
}

export interface DeadLetters {
  put(arrival: RefusedArrival, refusal: Refusal): Promise<void>;
}

/** The event store takes a megabyte in one append, and sealing adds a third. */
const MAX_KEPT_BYTES = 600 * 1024;
const MAX_SOURCE = 100;

const codec = createCodec(intakeEvents);

export function createDeadLetters(eventStore: EventStore, vault: Vault): DeadLetters {
  const seal = createIntakeSeal(vault);
  return {
    async put({ name, source, kind, headers, body, at }, { reason, detail, errors = [] }) {
      const refusal_id = RefusalId.parse(deterministicUuid("refusal", name));
      const stream = intakeStream(refusal_id);
      const refused_at = new Date(at).toISOString();
      const data = {
        refusal_id,
        source: source.slice(0, MAX_SOURCE),
        kind,
        refused_at,
        reason: detail === undefined ? reason : `${reason}: ${detail}`,
        errors: [...errors],
        sealed: await seal(kept(headers, body), refused_at.slice(0, 10), stream),
      };
      const id = deterministicUuid(INTAKE_STREAM_PREFIX, refusal_id);
      const event = codec.encode(
        { type: "SubmissionRefused", data },
        { id, at: refused_at, correlation: refusal_id },
      );
      try {
        await eventStore.append(stream, "no_stream", [event]);
      } catch (error) {
        // It is stored already.
        if (!(error instanceof WrongExpectedRevision)) throw error;
      }
    },
  };
}

function kept(headers: Readonly<Record<string, string>>, body: Buffer): RefusedMessage {
  const whole = body.length <= MAX_KEPT_BYTES;
  const part = whole ? body : body.subarray(0, MAX_KEPT_BYTES);
  const text = part.toString("utf8");
  const asText = Buffer.from(text).equals(part);
  return {
    headers: { ...headers },
    ...(asText ? { body: text, encoding: "utf8" } : { body: part.toString("base64"), encoding: "base64" }),
    ...(!whole && { truncated_from: body.length }),
  };
}
