// Intake over NATS: requests on intake.<source>, and what was published to submissions.<source>.
import type { MsgHdrs } from "nats";
import { Kind } from "#domain/submission/events.ts";
import type { Bus, BusAnswer, BusRequest, Mail } from "#platform/bus/bus.ts";
import type { Lifecycle } from "#platform/lifecycle.ts";
import type { Log } from "#platform/log.ts";
import { problemOf } from "../http/problem.ts";
import { isRefusal, type Refusal, type RefusalReason, refusal } from "../refusal.ts";
import { answerTo } from "./answer.ts";
import { MOST_BODY_BYTES } from "./bounds.ts";
import type { Endings } from "./endings.ts";
import type { Arrival, Reception } from "./receive.ts";
import type { DeadLetters } from "./refused.ts";
import type { Receipt } from "./store.ts";

export interface NatsIntakeParts {
  readonly bus: Bus;
  readonly reception: Reception;
  readonly endings: Endings;
  readonly deadLetters: DeadLetters;
  readonly lifecycle: Lifecycle;
  readonly log: Log;
}

interface Message {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers: MsgHdrs | undefined;
}

export async function serveNats(parts: NatsIntakeParts): Promise<void> {
  const { bus, lifecycle } = parts;
  const requests = await bus.serve("intake.*", "gateway", (request) => answerRequest(parts, request));
  lifecycle.own("intake requests", () => requests.close());
  const mailbox = await bus.mailbox({
    name: "intake",
    stream: "SUBMISSIONS",
    filter: "submissions.>",
    maxBatch: 64,
    maxAckPending: 256,
    ackWaitMs: 30_000,
    onBatch: async (mails) => {
      await Promise.all(mails.map((mail) => takeStored(parts, mail)));
    },
  });
  lifecycle.own("stored submissions", () => mailbox.close());
}

async function answerRequest(
  { reception, endings }: NatsIntakeParts,
  request: BusRequest,
): Promise<BusAnswer> {
  const headers = plainHeaders(request.headers);
  const result = await receive(reception, request, headers, Date.now());
  if (isRefusal(result)) return { data: Buffer.from(JSON.stringify(problemOf(result))) };
  const { answer, position } = await answerTo(result, headers, endings);
  return { data: Buffer.from(JSON.stringify(answer)), headers: { "x-position": `${position}` } };
}

/** Nobody waits for an answer here: it is taken in, tried again later, or becomes a dead letter. */
async function takeStored({ reception, deadLetters, log }: NatsIntakeParts, mail: Mail): Promise<void> {
  try {
    const headers = plainHeaders(mail.headers);
    // The signature was fresh when the message was stored, however long nobody was here to take it.
    const result = await receive(reception, mail, headers, mail.storedAt, true);
    if (isRefusal(result)) {
      const delay = delayMs(result);
      if (delay !== undefined) return mail.nak(delay);
      const [source, kind] = [sourceOf(mail.subject), kindOf(headers) ?? "lead"];
      const name = `${mail.subject} ${mail.seq} ${mail.storedAt}`;
      await deadLetters.put(
        { name, source, kind, headers, body: Buffer.from(mail.data), at: mail.storedAt },
        result,
      );
    }
    mail.ack();
  } catch (error) {
    log.warn(
      { err: error, subject: mail.subject, seq: mail.seq },
      "a stored submission is tried again later",
    );
    mail.nak(RETRY_MS);
  }
}

function receive(
  reception: Reception,
  { subject, data }: Message,
  headers: Readonly<Record<string, string>>,
  at: number,
  patient = false,
): Promise<Receipt | Refusal> {
  const body = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (body.length > MOST_BODY_BYTES) return Promise.resolve(refusal("too_large"));
  const arrival: Arrival = {
    source: sourceOf(subject),
    kind: kindOf(headers),
    headers,
    body,
    at,
    patient,
  };
  return reception.receive(arrival);
}

const RETRY_MS = 1_000;
const passing = new Set<RefusalReason>([
  "unavailable",
  "overloaded",
  "in_flight",
  "rate_limited",
  "internal",
]);

/** Undefined when waiting would not help. */
function delayMs({ refused, retryAfterS = 1 }: Refusal): number | undefined {
  return passing.has(refused) ? retryAfterS * RETRY_MS : undefined;
}

const sourceOf = (subject: string): string => subject.slice(subject.indexOf(".") + 1);

/** HTTP tells the kind by the path; here a header does, and without it, it is a lead. */
function kindOf(headers: Readonly<Record<string, string>>): Kind | undefined {
  const parsed = Kind.safeParse(headers["x-kind"] ?? "lead");
  return parsed.success ? parsed.data : undefined;
}

function plainHeaders(headers: MsgHdrs | undefined): Record<string, string> {
  return Object.fromEntries(
    (headers?.keys() ?? []).map((name) => [name.toLowerCase(), headers?.values(name).join(", ") ?? ""]),
  );
}
