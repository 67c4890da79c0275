// Intake over NATS: requests on intake.<source>, and what was published to submissions.<source>.
import { Kind } from "#domain/submission/events.ts";
import type { BusAnswer, BusRequest, Mail } from "#platform/bus/bus.ts";
import { startStep } from "#platform/start-step.ts";
import { problemOf } from "../http/problem.ts";
import { isRefusal, type RefusalReason, refusal } from "../refusal.ts";
import type { DeadLetters } from "./dead-letters.ts";
import { DEFAULT_KIND } from "./kinds/kinds.ts";
import type { Outcomes } from "./outcomes.ts";
import { PUBLISHED_STREAM, type PublishedParts, readPublished } from "./published.ts";
import { bytesOf, erase, plainHeaders, retryMs } from "./published-mail.ts";
import type { Intake } from "./receive.ts";
import { respond } from "./response.ts";
import type { KnownSources } from "./sources.ts";

export interface NatsIntakeParts extends PublishedParts {
  readonly intake: Intake;
  readonly outcomes: Outcomes;
  readonly deadLetters: DeadLetters;
  readonly sources: () => KnownSources;
}

const RETRY_MS = 1_000;
/** One mailbox for all, as earlier releases had it; the server allows no other beside it. */
const FORMER_MAILBOX = "intake";
/** Another try may help, without anything being changed. */
export const transient: ReadonlySet<RefusalReason> = new Set<RefusalReason>([
  "unavailable",
  "overloaded",
  "in_flight",
  "rate_limited",
]);

export async function serveNats(parts: NatsIntakeParts): Promise<void> {
  const { bus, sources, lifecycle } = parts;
  const requests = await bus.serve("intake.*", "gateway", (request) => handleRequest(parts, request));
  lifecycle.own("intake requests", () => requests.close());
  await startStep(parts, "former mailbox", () => bus.deleteMailbox(FORMER_MAILBOX, PUBLISHED_STREAM));
  await readPublished(parts, {
    to: "submissions",
    name: "intake",
    known: sources,
    onMail: (mail) => handlePublished(parts, mail),
  });
}

async function handleRequest({ intake, outcomes }: NatsIntakeParts, request: BusRequest): Promise<BusAnswer> {
  const { subject, data } = request;
  const headers = plainHeaders(request.headers);
  const arrival = { ...addressOf(subject, headers), headers, body: bytesOf(data), at: Date.now() };
  const result = await intake.receive(arrival);
  if (isRefusal(result)) return { data: Buffer.from(JSON.stringify(problemOf(result))) };
  const { body, position } = await respond(result, headers, outcomes);
  return { data: Buffer.from(JSON.stringify(body)), headers: { "x-position": `${position}` } };
}

/** Nobody waits for a response: the message is accepted, tried again later, or becomes a dead letter. */
async function handlePublished(parts: NatsIntakeParts, mail: Mail): Promise<void> {
  const { intake, deadLetters, log } = parts;
  const { subject, seq, data, storedAt: at } = mail;
  try {
    const headers = plainHeaders(mail.headers);
    const address = addressOf(subject, headers);
    // The signature was fresh when JetStream stored the message, however long no gateway ran.
    const arrival = { ...address, headers, body: bytesOf(data), at, canWait: true };
    const result = await intake.receiveUncounted(arrival).catch((error) => {
      log.error({ err: error, subject, seq }, "published submission failed, becomes a dead letter");
      return refusal("internal");
    });
    if (isRefusal(result)) {
      const { reason, retryAfterS = 1 } = result;
      if (transient.has(reason)) return mail.nak(retryAfterS * RETRY_MS);
      const { source, kind = DEFAULT_KIND } = address;
      const name = `${subject} ${seq} ${at}`;
      await deadLetters.put({ name, about: { source, kind }, headers, body: Buffer.from(data), at }, result);
    }
    intake.count(address, result);
    // Nobody waits for it: what arrives meanwhile is taken in beside it.
    void erase(parts, mail);
  } catch (error) {
    log.warn({ err: error, subject, seq }, "dead letter not stored, tried again later");
    mail.nak(retryMs(mail));
  }
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
