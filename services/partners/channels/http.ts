// Partners that are called over HTTP: what is sent, and what a status means.
import { createSecretKey } from "node:crypto";
import { defaultBody } from "#domain/partner/body.ts";
import { HIDDEN } from "#domain/partner/delivery-kind.ts";
import { type HttpDelivery, OUR_HEADERS } from "#domain/partner/http-delivery.ts";
import { CREDENTIAL, hideSecrets, isSecretHeader, withoutUrlSecrets } from "#domain/partner/http-secrets.ts";
import { type AttemptOutcome, type Reading, readResponse } from "#domain/partner/outcome.ts";
import { fill } from "#domain/partner/template.ts";
import { factsOf } from "#domain/submission/route.ts";
import { newSpanId } from "#platform/ids.ts";
import { parseSecret, type SigningKey, signedHeaders } from "#platform/webhooks.ts";
import type { Message, OpenChannel } from "./channel.ts";
import { createHttpCaller, type HttpRequest, type HttpResponse, type NoHttpResponse } from "./http-call.ts";

export const openHttpChannel: OpenChannel<"http"> = (options) => {
  const { delivery, config, allowPrivate } = options;
  const secret = delivery.secret === undefined ? undefined : createSecretKey(parseSecret(delivery.secret));
  const shownUrl = withoutUrlSecrets(delivery.url);
  const hide = hideSecrets(delivery);
  const caller = createHttpCaller({
    url: delivery.url,
    concurrency: config.limits.concurrency,
    timeoutMs: delivery.timeout_ms,
    keepAlive: config.idempotent,
    allowPrivate,
  });
  return {
    prepare(message) {
      const content = contentFor(message, delivery);
      const request = requestFor(message, delivery, JSON.stringify(content), secret);
      const { method } = delivery;
      return {
        request: { method, url: shownUrl, headers: shownHeaders(request.headers, delivery), body: content },
        timeoutMs: delivery.timeout_ms,
        async send(attempt) {
          const result = withoutSecretsIn(await caller.call(request, attempt), hide);
          return { outcome: outcomeOf(result, config, Date.now()), response: shownResponse(result) };
        },
      };
    },
    close: caller.close,
  };
};

/** Of what is filled into a template: eight times what the largest submission has. */
const MAX_FILLED = 2 * 1024 * 1024;

function contentFor({ submission, ids }: Message, { body }: HttpDelivery): unknown {
  const usual = defaultBody(submission, ids);
  return body === undefined ? usual : fill(body, { ...factsOf(submission), ...usual }, MAX_FILLED);
}

function requestFor(
  { ids: { delivery_id }, trace, now }: Message,
  { method, headers = {} }: HttpDelivery,
  body: string,
  secret: SigningKey | undefined,
): HttpRequest {
  // Stored before anybody checked, such names are still there.
  const given = Object.entries(headers).filter(([name]) => !OUR_HEADERS.test(name));
  const webhook =
    secret === undefined
      ? { "webhook-id": delivery_id, "webhook-timestamp": `${Math.floor(now / 1_000)}` }
      : signedHeaders(secret, delivery_id, body, now);
  return {
    method,
    headers: {
      "content-type": "application/json",
      "user-agent": "switchyard",
      ...Object.fromEntries(given.map(([name, value]) => [name.toLowerCase(), value])),
      ...webhook,
      "idempotency-key": delivery_id,
      traceparent: `00-${trace}-${newSpanId()}-01`,
    },
    body,
  };
}

/** What may be a credential is kept out of the record, whether it was declared one or not. */
function shownHeaders(headers: HttpRequest["headers"], delivery: HttpDelivery): Record<string, string> {
  const isHidden = (name: string): boolean =>
    name !== "idempotency-key" && (CREDENTIAL.test(name) || isSecretHeader(name, delivery));
  const shown = Object.entries(headers).map(([name, value]) => [name, isHidden(name) ? HIDDEN : value]);
  return Object.fromEntries(shown);
}

type Result = HttpResponse | NoHttpResponse;

/** A partner may send back what it was sent. */
function withoutSecretsIn(result: Result, hide: (text: string) => string): Result {
  if (!result.responded) return result;
  const headers = Object.entries(result.headers).map(([name, value]) => [name, hide(value)]);
  return { ...result, headers: Object.fromEntries(headers), body: hide(result.body) };
}

/** JSON as such, anything else as text. */
function shownResponse(result: Result): object {
  if (!result.responded) return { error: result.outcome.reason };
  const { status, headers, body, truncated } = result;
  return { status, headers, body: asJson(body) ?? body, ...(truncated && { truncated }) };
}

/** By Standard Webhooks, who says so wants no more. */
const GONE = 410;
const TRANSIENT = new Set([408, 425, 429]);

function outcomeOf(result: Result, reading: Reading, now: number): AttemptOutcome {
  if (!result.responded) return result.outcome;
  const { status, headers, body, truncated } = result;
  if (status === GONE) return { outcome: "gone", reason: `http_${status}` };
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

/** Deeper than this it could be parsed, but not written again. */
const MAX_DEPTH = 100;

function asJson(text: string): unknown {
  try {
    const value = JSON.parse(text) as unknown;
    return isDeeper(value, MAX_DEPTH) ? undefined : value;
  } catch {
    return undefined;
  }
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((one) => isDeeper(one, levels - 1));
}
