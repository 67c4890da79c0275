// Partners that are called over HTTP: what is sent, and what a status means.
import { randomBytes } from "node:crypto";
import { defaultBody, fill } from "#domain/partner/body.ts";
import { type AttemptOutcome, type Reading, readResponse } from "#domain/partner/outcome.ts";
import { factsOf } from "#domain/submission/route.ts";
import { signedHeaders } from "#platform/webhooks.ts";
import type { ChannelOptions, Message, OpenChannel } from "./channel.ts";
import { createHttpCaller, type HttpRequest, type HttpResponse, type NoHttpResponse } from "./http-call.ts";

export const openHttpChannel: OpenChannel<"http"> = (options) => {
  const { delivery, config, allowPrivate } = options;
  const caller = createHttpCaller({
    url: delivery.url,
    concurrency: config.limits.concurrency,
    timeoutMs: delivery.timeout_ms,
    keepAlive: config.idempotent,
    allowPrivate,
  });
  return {
    prepare(message) {
      const request = requestFor(message, options);
      return {
        request: shownRequest(delivery.url, request),
        async send(attempt) {
          const result = await caller.call(request, attempt);
          return { outcome: outcomeOf(result, config, Date.now()), response: shownResponse(result) };
        },
      };
    },
    close: caller.close,
  };
};

/** Headers that belong to the connection or to us: a partner's configuration does not decide about them. */
const OURS =
  /^(host|connection|content-length|transfer-encoding|upgrade|te|trailer|keep-alive|expect|webhook-.*|idempotency-key|traceparent)$/i;

function requestFor(
  { submission, ids, trace, now }: Message,
  { delivery, secret }: ChannelOptions<"http">,
): HttpRequest {
  const usual = defaultBody(submission, ids);
  const body = JSON.stringify(
    delivery.body === undefined ? usual : fill(delivery.body, { ...factsOf(submission), ...usual }),
  );
  const { delivery_id } = ids;
  const given = Object.entries(delivery.headers ?? {}).filter(([name]) => !OURS.test(name));
  const webhook =
    secret === undefined
      ? { "webhook-id": delivery_id, "webhook-timestamp": `${Math.floor(now / 1_000)}` }
      : signedHeaders(secret, delivery_id, body, now);
  return {
    method: delivery.method,
    headers: {
      "content-type": "application/json",
      "user-agent": "switchyard",
      ...Object.fromEntries(given.map(([name, value]) => [name.toLowerCase(), value])),
      ...webhook,
      "idempotency-key": delivery_id,
      traceparent: `00-${trace}-${randomBytes(8).toString("hex")}-01`,
    },
    body,
  };
}

/** What may be a credential is kept out of the record. */
const CREDENTIAL = /auth|cookie|token|secret|signature|key$/i;

function shownRequest(url: string, { method, headers, body }: HttpRequest): object {
  const shown = Object.entries(headers).map(([name, value]) => [
    name,
    CREDENTIAL.test(name) && name !== "idempotency-key" ? "[kept out]" : value,
  ]);
  return { method, url, headers: Object.fromEntries(shown), body: JSON.parse(body) };
}

/** JSON as such, anything else as text. */
function shownResponse(result: HttpResponse | NoHttpResponse): object {
  if (!result.responded) return { error: result.outcome.reason };
  const { status, headers, body, truncated } = result;
  return { status, headers, body: asJson(body) ?? body, ...(truncated && { truncated }) };
}

const TRANSIENT = new Set([408, 425, 429]);

function outcomeOf(result: HttpResponse | NoHttpResponse, reading: Reading, now: number): AttemptOutcome {
  if (!result.responded) return result.outcome;
  const { status, headers, body, truncated } = result;
  if (TRANSIENT.has(status) || status >= 500) {
    const retry_after_ms = retryAfterMs(headers["retry-after"], now);
    return {
      outcome: "failed",
      reason: `http_${status}`,
      ...(retry_after_ms !== undefined && { retry_after_ms }),
    };
  }
  const declined = status < 200 || status >= 300 ? `http_${status}` : undefined;
  return readResponse(truncated ? undefined : asJson(body), reading, declined);
}

/** `Retry-After` is seconds or a date; what is neither asks for nothing. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  const wait = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now;
  return Number.isNaN(wait) ? undefined : Math.max(wait, 0);
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
