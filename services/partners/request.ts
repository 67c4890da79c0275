// What is sent to a partner, and what its answer means.
import { randomBytes } from "node:crypto";
import { defaultBody, fill, type Ids } from "#domain/partner/body.ts";
import { judge, retryAfterMs, type Verdict } from "#domain/partner/verdict.ts";
import { factsOf } from "#domain/submission/route.ts";
import type { Submission } from "#domain/submission/submission.ts";
import { signedHeaders } from "#platform/webhooks.ts";
import type { Entry } from "./directory.ts";
import type { CallResult, OutgoingRequest } from "./http-channel.ts";

/** Headers that belong to the connection or to us: a partner's configuration does not decide about them. */
const OURS =
  /^(host|connection|content-length|transfer-encoding|upgrade|te|trailer|keep-alive|expect|webhook-.*|idempotency-key|traceparent)$/i;

export function requestFor(
  { config: { delivery }, secret }: Entry,
  submission: Submission,
  ids: Ids,
  trace: string,
  now: number,
): OutgoingRequest {
  const body = JSON.stringify(
    delivery.body === undefined
      ? defaultBody(submission, ids)
      : fill(delivery.body, { ...factsOf(submission), ...defaultBody(submission, ids) }),
  );
  const given = Object.entries(delivery.headers ?? {}).filter(([name]) => !OURS.test(name));
  return {
    method: delivery.method,
    headers: {
      "content-type": "application/json",
      "user-agent": "switchyard",
      ...Object.fromEntries(given.map(([name, value]) => [name.toLowerCase(), value])),
      ...webhookHeaders(secret, ids.delivery_id, body, now),
      "idempotency-key": ids.delivery_id,
      traceparent: `00-${trace}-${randomBytes(8).toString("hex")}-01`,
    },
    body,
  };
}

function webhookHeaders(
  secret: Buffer | undefined,
  id: string,
  body: string,
  now: number,
): Record<string, string> {
  if (secret !== undefined) return signedHeaders(secret, id, body, now);
  return { "webhook-id": id, "webhook-timestamp": `${Math.floor(now / 1_000)}` };
}

/** What may be a credential is kept out of the record. */
const CREDENTIAL = /auth|cookie|token|secret|signature|key$/i;

/** The request as the timeline shows it. */
export function recordOf(url: string, { method, headers, body }: OutgoingRequest): object {
  const shown = Object.entries(headers).map(([name, value]) => [
    name,
    CREDENTIAL.test(name) && name !== "idempotency-key" ? "[kept out]" : value,
  ]);
  return { method, url, headers: Object.fromEntries(shown), body: JSON.parse(body) };
}

export function verdictOf(result: CallResult, config: Entry["config"], now: number): Verdict {
  if (result.answered)
    return judge(
      {
        status: result.status,
        body: result.truncated ? undefined : asJson(result.body),
        retry_after_ms: retryAfterMs(result.headers["retry-after"], now),
      },
      config,
    );
  if (result.reason === "abandoned")
    return result.sent
      ? { outcome: "interrupted", reason: "interrupted" }
      : { outcome: "interrupted", reason: "circuit_open", not_called: true };
  return { outcome: result.sent ? "unknown" : "failed", reason: result.reason };
}

/** The answer as the timeline shows it: JSON as such, anything else as text. */
export function answerOf(result: CallResult): object {
  if (!result.answered) return { error: result.reason };
  const { status, headers, body, truncated } = result;
  return { status, headers, body: asJson(body) ?? body, ...(truncated && { truncated }) };
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
