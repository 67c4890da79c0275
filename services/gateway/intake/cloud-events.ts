// CloudEvents 1.0, structured or binary: what is inside is the payload, its attributes stand beside it as `cloudevent`.
import { z } from "zod";
import type { Kind } from "#domain/submission/events.ts";
import type { HeaderValues } from "#platform/webhooks.ts";
import { type JsonObject, parseObject, readJson } from "../http/json-body.ts";
import { mediaTypeOf } from "../http/media-type.ts";
import { parseInput } from "../http/parse.ts";
import { requestSchemas } from "../http/route-schema.ts";
import { isRefusal, type Refusal, refusal } from "../refusal.ts";
import { kinds } from "./kinds/kinds.ts";

export const STRUCTURED_TYPE = "application/cloudevents+json";
const JSON_CONTENT = /^application\/([\w.-]+\+)?json\b/i;

const filled = z.string().min(1).max(1_000);

export const CloudEvent = z
  .looseObject({
    specversion: z.literal("1.0"),
    id: filled,
    source: filled,
    type: filled,
    time: z.iso.datetime({ offset: true }).optional(),
    subject: filled.optional(),
    dataschema: filled.optional(),
    datacontenttype: z
      .string()
      .refine((type) => JSON_CONTENT.test(type), "must be JSON")
      .optional(),
    data: z.unknown().optional(),
    data_base64: z.base64().optional(),
  })
  .meta({ description: "CloudEvents 1.0 in structured mode; `data` is the payload" })
  .register(requestSchemas, { id: "CloudEvent" });

/** The payload that a body's text carries, out of its CloudEvent where it is in one. */
export function payloadOf(kind: Kind, headers: HeaderValues, text: string): JsonObject | Refusal {
  const object = parseObject(text);
  if (isRefusal(object)) return object;
  const { "content-type": type } = headers;
  if (typeof type === "string" && mediaTypeOf(type) === STRUCTURED_TYPE) return fromStructured(kind, object);
  return headers["ce-specversion"] === undefined ? object : fromBinary(kind, headers, object);
}

function fromStructured(kind: Kind, envelope: JsonObject): JsonObject | Refusal {
  const parsed = parseInput(CloudEvent, envelope);
  if (isRefusal(parsed)) return parsed;
  const { data, data_base64, ...attributes } = parsed;
  const inner = data_base64 === undefined ? (data ?? {}) : readJson(Buffer.from(data_base64, "base64"));
  return isRefusal(inner) ? inner : withAttributes(kind, attributes, inner);
}

function fromBinary(kind: Kind, headers: HeaderValues, data: JsonObject): JsonObject | Refusal {
  const given = Object.entries(headers).filter(([name]) => name.startsWith("ce-"));
  const attributes = Object.fromEntries(
    given.map(([name, value]) => [name.slice("ce-".length), percentDecoded(value)]),
  );
  const parsed = parseInput(CloudEvent, attributes);
  return isRefusal(parsed) ? parsed : withAttributes(kind, attributes, data);
}

function withAttributes(kind: Kind, attributes: JsonObject, data: unknown): JsonObject | Refusal {
  if (typeof data !== "object" || data === null || Array.isArray(data))
    return refusal("invalid", { errors: [{ path: "data", message: "must be a JSON object" }] });
  return { ...kinds[kind].fromCloudEvent?.(attributes), ...data, cloudevent: attributes };
}

/** Header values are percent-encoded where they are not plain ASCII. */
function percentDecoded(value: HeaderValues[string]): string {
  const text = String(value);
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
