// What is refused over a way in that has no responses becomes a dead letter with its reason.
import { isUtf8 } from "node:buffer";
import {
  INTAKE_STREAM_PREFIX,
  type IntakeEvent,
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
import { inWords } from "../http/problem.ts";
import type { Refusal } from "../refusal.ts";
import { createIntakeSeal } from "./intake-seal.ts";

export interface RefusedArrival {
  /** Unique and stable: the same message refused again is the same dead letter. */
  readonly name: string;
  readonly about: About;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly at: number;
}

/** As claimed. */
type About = { readonly source: string; readonly kind: Kind } | { readonly campaign: string };

export interface DeadLetters {
  put(arrival: RefusedArrival, refusal: Refusal): Promise<void>;
}

/** Of the message as JSON: the event store takes a megabyte in one append, and sealing adds a third. */
const MAX_KEPT_BYTES = 640 * 1024;
const MAX_HEADERS_BYTES = 64 * 1024;
const MAX_ERRORS = 20;
const MAX_ERROR_TEXT = 500;
const MAX_NAME = 100;

const codec = createCodec(intakeEvents);
type ReplyRefused = Extract<IntakeEvent, { type: "ReplyRefused" }>["data"];

export function createDeadLetters(eventStore: EventStore, vault: Vault): DeadLetters {
  const seal = createIntakeSeal(vault);
  return {
    async put({ name, about, headers, body, at }, refusal) {
      const refusal_id = RefusalId.parse(deterministicUuid("refusal", name));
      const stream = intakeStream(refusal_id);
      const refused_at = new Date(at).toISOString();
      const data = {
        refusal_id,
        refused_at,
        ...recordedRefusal(refusal),
        sealed: await seal(kept(headers, body), stream),
      };
      const id = deterministicUuid(INTAKE_STREAM_PREFIX, refusal_id);
      const event = codec.encode(refusedAs(about, data), { id, at: refused_at, correlation: refusal_id });
      try {
        await eventStore.append(stream, "no_stream", [event]);
      } catch (error) {
        // It is stored already.
        if (!(error instanceof WrongExpectedRevision)) throw error;
      }
    },
  };
}

function refusedAs(about: About, data: Omit<ReplyRefused, "campaign">): IntakeEvent {
  return "campaign" in about
    ? { type: "ReplyRefused", data: { ...data, campaign: about.campaign.slice(0, MAX_NAME) } }
    : {
        type: "SubmissionRefused",
        data: { ...data, source: about.source.slice(0, MAX_NAME), kind: about.kind },
      };
}

/** Why it was refused, as the dead letter says it. */
export function recordedRefusal({ reason, detail, errors = [] }: Refusal): {
  readonly reason: string;
  readonly errors: { readonly path: string; readonly message: string }[];
} {
  const wrong = detail ?? inWords(errors).slice(0, MAX_ERROR_TEXT);
  return {
    reason: wrong === "" ? reason : `${reason}: ${wrong}`,
    errors: errors.slice(0, MAX_ERRORS).map(({ path, message }) => ({
      path: path.slice(0, MAX_ERROR_TEXT),
      message: message.slice(0, MAX_ERROR_TEXT),
    })),
  };
}

/** Judged by what will be stored: a byte of a body can become six in JSON. */
function kept(allHeaders: Readonly<Record<string, string>>, body: Buffer): RefusedMessage {
  const headers = keptHeaders(allHeaders);
  const isCut = Object.keys(headers).length < Object.keys(allHeaders).length;
  const about = { headers, ...(isCut && { headers_cut: true as const }) };
  const room = MAX_KEPT_BYTES - jsonBytes(about);
  for (let length = Math.min(body.length, room); ; ) {
    const text = asText(body.subarray(0, length));
    const size = jsonBytes(text);
    const isWhole = length === body.length;
    if (size <= room) return { ...about, ...text, ...(!isWhole && { truncated_from: body.length }) };
    length = Math.floor((length * room * 0.99) / size);
  }
}

function asText(part: Buffer): Pick<RefusedMessage, "body" | "encoding"> {
  return isUtf8(part)
    ? { body: part.toString("utf8"), encoding: "utf8" }
    : { body: part.toString("base64"), encoding: "base64" };
}

/** The first of them that fit. */
function keptHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  let left = MAX_HEADERS_BYTES;
  const fitting = Object.entries(headers).filter((header) => {
    left -= jsonBytes(header);
    return left >= 0;
  });
  return Object.fromEntries(fitting);
}

const jsonBytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));
