// Where no answer can be given, what can't be taken in becomes a dead letter with its reason.
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
  /** Names it for good: the same message refused again is the same dead letter. */
  readonly name: string;
  readonly source: string;
  readonly kind: Kind;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly at: number;
}

export interface DeadLetters {
  put(arrival: RefusedArrival, why: Refusal): Promise<void>;
}

/** One append to the store is at most a megabyte, and sealing makes a third more of it. */
const MOST_KEPT_BYTES = 600 * 1024;
const MOST_SOURCE = 100;

const codec = createCodec(intakeEvents);

export function createDeadLetters(eventStore: EventStore, vault: Vault): DeadLetters {
  const seal = createIntakeSeal(vault);
  return {
    async put({ name, source, kind, headers, body, at }, { refused, detail, errors = [] }) {
      const refusal_id = RefusalId.parse(deterministicUuid("refusal", name));
      const stream = intakeStream(refusal_id);
      const refused_at = new Date(at).toISOString();
      const data = {
        refusal_id,
        source: source.slice(0, MOST_SOURCE),
        kind,
        refused_at,
        reason: detail === undefined ? refused : `${refused}: ${detail}`,
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
        // It is there already.
        if (!(error instanceof WrongExpectedRevision)) throw error;
      }
    },
  };
}

function kept(headers: Readonly<Record<string, string>>, body: Buffer): RefusedMessage {
  const whole = body.length <= MOST_KEPT_BYTES;
  const part = whole ? body : body.subarray(0, MOST_KEPT_BYTES);
  const text = part.toString("utf8");
  const asText = Buffer.from(text).equals(part);
  return {
    headers: { ...headers },
    ...(asText ? { body: text, encoding: "utf8" } : { body: part.toString("base64"), encoding: "base64" }),
    ...(!whole && { truncated_from: body.length }),
  };
}
