// Intake over NATS: requests on intake.<source>, and what was published to submissions.<source>.
import type { MsgHdrs } from "nats";
import { Kind } from "#domain/submission/events.ts";
import type { Bus, BusAnswer, BusRequest, Mail } from "#platform/bus/bus.ts";
import type { Lifecycle } from "#platform/lifecycle.ts";
import type { LiveView } from "#platform/live-view.ts";
import type { Log } from "#platform/log.ts";
import { problemOf } from "../http/problem.ts";
import { isRefusal, type Refusal, type RefusalReason, refusal } from "../refusal.ts";
import type { DeadLetters } from "./dead-letters.ts";
import { DEFAULT_KIND } from "./kinds/kinds.ts";
import { MAX_BODY_BYTES } from "./limits.ts";
import type { Outcomes } from "./outcomes.ts";
import { readPublished } from "./published.ts";
import type { Arrival, Intake } from "./receive.ts";
import { respond } from "./response.ts";
import type { KnownSources } from "./sources.ts";
import type { Receipt } from "./store.ts";

export interface NatsIntakeParts {
  readonly bus: Bus;
  readonly intake: Intake;
  readonly outcomes: Outcomes;
  readonly deadLetters: DeadLetters;
  readonly sources: LiveView<KnownSources>;
  readonly lifecycle: Lifecycle;
  readonly log: Log;
}

const RETRY_MS = 1_000;
/** Another try may help, without anything being changed. */
export const transient: ReadonlySet<RefusalReason> = new Set<RefusalReason>([
  "unavailable",
  "overloaded",
  "in_flight",
  "rate_limited",
]);
const MAX_RETRY_MS = 60_000;

export async function serveNats(parts: NatsIntakeParts): Promise<void> {
  const { bus, lifecycle } = parts;
  const requests = await bus.serve("intake.*", "gateway", (request) => handleRequest(parts, request));
  lifecycle.own("intake requests", () => requests.close());
  await readPublished(parts, (mail) => handlePublished(parts, mail));
}

async function handleRequest({ intake, outcomes }: NatsIntakeParts, request: BusRequest): Promise<BusAnswer> {
  const { subject, data } = request;
  const headers = plainHeaders(request.headers);
  const result = await receive(intake, data, { ...addressOf(subject, headers), headers, at: Date.now() });
  if (isRefusal(result)) return { data: Buffer.from(JSON.stringify(problemOf(result))) };
  const { body, position } = await respond(result, headers, outcomes);
  return { data: Buffer.from(JSON.stringify(body)), headers: { "x-position": `${position}` } };
}

/** Nobody waits for a response: the message is accepted, tried again later, or becomes a dead letter. */
async function handlePublished({ intake, deadLetters, log }: NatsIntakeParts, mail: Mail): Promise<void> {
  const { subject, seq, data, storedAt: at } = mail;
  try {
    const headers = plainHeaders(mail.headers);
    const address = addressOf(subject, headers);
    // The signature was fresh when JetStream stored the message, however long no gateway ran.
    const result = await receive(intake, data, { ...address, headers, at, canWait: true }).catch((error) => {
      log.error({ err: error, subject, seq }, "published submission failed, becomes a dead letter");
      return refusal("internal");
    });
    if (isRefusal(result)) {
      const { reason, retryAfterS = 1 } = result;
      if (transient.has(reason)) return mail.nak(retryAfterS * RETRY_MS);
      const { source, kind = DEFAULT_KIND } = address;
      const name = `${subject} ${seq} ${at}`;
      await deadLetters.put({ name, source, kind, headers, body: Buffer.from(data), at }, result);
    }
    mail.ack();
  } catch (error) {
    log.warn({ err: error, subject, seq }, "dead letter not stored, tried again later");
    mail.nak(Math.min(RETRY_MS * 2 ** Math.min(mail.deliveries - 1, 10), MAX_RETRY_MS));
  }
}

export async function receive(
  intake: Intake,
  data: Uint8Array,
  arrival: Omit<Arrival, "body">,
): Promise<Receipt | Refusal> {
  const body = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return body.length > MAX_BODY_BYTES ? refusal("too_large") : intake.receive({ ...arrival, body });
}

/** HTTP has the kind in the path and the source in a header; here it is the other way round. */
function addressOf(
  subject: string,
  headers: Readonly<Record<string, string>>,
): { readonly source: string; readonly kind: Kind | undefined } {
  const source = subject.slice(subject.indexOf(".") + 1);
  return { source, kind: kindIn(headers) };
}

/** Undefined where it names one that there is not. */
export const kindIn = (headers: Readonly<Record<string, string>>): Kind | undefined =>
  Kind.safeParse(headers["x-kind"] ?? DEFAULT_KIND).data;

function plainHeaders(headers: MsgHdrs | undefined): Record<string, string> {
  return Object.fromEntries(
    (headers?.keys() ?? []).map((name) => [name.toLowerCase(), headers?.values(name).join(", ") ?? ""]),
  );
}
