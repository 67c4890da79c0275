// Personal data, for those who may not see it: the same shape with "…" in place of what may be about somebody.
const HIDDEN = "…";

/** Of a payload what says nothing about a person; every other field may, also those that we do not know. */
const PLAIN_FIELDS: ReadonlySet<string> = new Set([
  ...["kind", "source", "interest", "country", "topic", "type", "at", "occurred_at", "received_at"],
  ...["event_id", "order_id", "shipment_id", "idempotency_key"],
  "person.lead_count",
]);
/** Fields that hold personal data wherever they stand. */
const PERSONAL_FIELDS: ReadonlySet<string> = new Set([
  ...["email", "phone", "full_name", "first_name", "last_name", "ip_address", "user_agent"],
  ...["text", "message"],
]);
/** Fields whose value is somebody's data as a whole. */
const PAYLOADS: ReadonlySet<string> = new Set(["payload", "fields", "facts", "reply"]);
/** What passed between us and a partner: of it, how it went. */
const EXCHANGES: ReadonlySet<string> = new Set(["request", "response"]);
const PLAIN_IN_EXCHANGE: ReadonlySet<string> = new Set(["method", "status", "type", "code"]);
/** Our own words are one word; anything else a partner or a person has written. */
const FREE_TEXT: ReadonlySet<string> = new Set(["reason", "detail"]);
const OUR_WORD = /^[a-z][a-z0-9_]*$/;

export function masked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(masked);
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  const about = (value as { readonly field?: unknown }).field;
  return mapped(value, (name, part) => {
    if (PERSONAL_FIELDS.has(name)) return hidden(part);
    if (PAYLOADS.has(name)) return maskedPayload(part);
    if (EXCHANGES.has(name)) return maskedExchange(part);
    if (FREE_TEXT.has(name) && typeof part === "string") return OUR_WORD.test(part) ? part : HIDDEN;
    if (name === "actual") return typeof about === "string" && PLAIN_FIELDS.has(about) ? part : hidden(part);
    return masked(part);
  });
}

/** An object of which every field is somebody's data, but for those that are known to be none. */
export function maskedPayload(value: unknown): unknown {
  if (!isObject(value)) return hidden(value);
  return mapped(value, (name, part) => {
    if (PLAIN_FIELDS.has(name) && !isObject(part)) return part;
    return isObject(part) ? maskedPayload(part) : hidden(part);
  });
}

function maskedExchange(value: unknown): unknown {
  if (!isObject(value)) return hidden(value);
  return mapped(value, (name, part) => (PLAIN_IN_EXCHANGE.has(name) ? part : hidden(part)));
}

/** Absent stays absent: that there is nothing, or that it is forgotten, is no secret. */
function hidden(value: unknown): unknown {
  return value === null || value === undefined ? value : HIDDEN;
}

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function mapped(value: object, of: (name: string, part: unknown) => unknown): object {
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, of(name, part)]));
}
