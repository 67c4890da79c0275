// What the result of an HTTP call means for a delivery, and how the timeline shows it.
import { type Reading, readResponse, type Told } from "#domain/partner/outcome.ts";
import type { HttpResponse, NoHttpResponse } from "#platform/http-call.ts";

export type Result = ReadResponse | NoHttpResponse;

interface ReadResponse extends HttpResponse {
  /** Undefined where the body is no JSON. */
  readonly json: unknown;
}

/** A partner may send back what it was sent. */
export function withoutSecretsIn(
  result: HttpResponse | NoHttpResponse,
  hide: (text: string) => string,
): Result {
  if (!result.responded) return result;
  const headers = Object.entries(result.headers).map(([name, value]) => [name, hide(value)]);
  const body = hide(result.body);
  return { ...result, headers: Object.fromEntries(headers), body, json: asJson(body) };
}

/** JSON as such, anything else as text. */
export function shownResponse(result: Result): object {
  if (!result.responded) return { error: result.outcome.reason };
  const { status, headers, body, json, truncated } = result;
  return { status, headers, body: json ?? body, ...(truncated && { truncated }) };
}

/** By Standard Webhooks, who says so wants no more. */
const GONE = 410;
const TRANSIENT = new Set([408, 425, 429]);

export function outcomeOf(
  result: Result,
  reading: Reading,
  now: number,
  reasonOf = (response: HttpResponse): string => `http_${response.status}`,
): Told {
  if (!result.responded) return { outcome: result.outcome };
  const { status, headers, json, truncated } = result;
  if (status === GONE) return { outcome: { outcome: "gone", reason: reasonOf(result) } };
  if (TRANSIENT.has(status) || status >= 500) {
    const retry_after_ms = retryAfterMs(headers["retry-after"], now);
    const wait = retry_after_ms === undefined ? {} : { retry_after_ms };
    return { outcome: { outcome: "failed", reason: reasonOf(result), ...wait } };
  }
  const declined = status < 200 || status >= 300 ? reasonOf(result) : undefined;
  return readResponse(truncated ? undefined : json, reading, declined);
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
