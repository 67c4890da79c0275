// One line of a batch: a submission with its own headers and its body as text, signed like any other.
import { z } from "zod";
import { Kind } from "#domain/submission/events.ts";
import { type JsonObject, readJson } from "../http/json-body.ts";
import { parseInput } from "../http/parse.ts";
import { Problem, problemOf } from "../http/problem.ts";
import { Position, requestSchemas, responseSchemas } from "../http/route-schema.ts";
import { isRefusal, type Refusal, refusal } from "../refusal.ts";
import { DEFAULT_KIND } from "./kinds/kinds.ts";
import { MAX_BODY_BYTES } from "./limits.ts";
import { type Arrival, KEY } from "./receive.ts";
import { Accepted, accepted } from "./response.ts";
import type { Line } from "./split-lines.ts";
import type { Receipt } from "./store.ts";

const header = z.string().optional();

/** The same headers as of a request, those of a CloudEvent included; names in any case, as everywhere. */
export const BatchLine = z
  .object({
    kind: Kind.default(DEFAULT_KIND),
    "x-source": header.meta({
      description: "The source that signs this line, where it is not the request's",
    }),
    "webhook-id": header,
    "webhook-timestamp": z.union([z.string(), z.int().transform(String)]).optional(),
    "webhook-signature": header,
    "idempotency-key": header,
    "x-signature-256": header,
    "content-type": header,
    traceparent: header,
    body: z.string().meta({ description: "The submission's JSON as text: exactly what was signed" }),
  })
  .catchall(z.unknown())
  .register(requestSchemas, { id: "BatchLine" });

export const BatchResponse = z
  .object({
    line: z.int().positive(),
    key: z.string().optional(),
    status: z.int(),
    position: Position.optional().meta({ description: "What `x-position` says elsewhere" }),
    ...Accepted.partial().shape,
    ...Problem.omit({ status: true }).partial().shape,
  })
  .register(responseSchemas, { id: "BatchAnswer" });

/** JSON inside a JSON text is longer than it is by itself, by its quotes at least. */
export const MAX_LINE_BYTES = 2 * MAX_BODY_BYTES + 8 * 1024;

export function arrivalOf(line: Line, source: Arrival["source"]): Arrival | Refusal {
  if ("tooLong" in line) return refusal("too_large");
  const object = readJson(line.text);
  const parsed = isRefusal(object) ? object : parseInput(BatchLine, inLowerCase(object));
  if (isRefusal(parsed)) return parsed;
  const { kind, body: signed, "x-source": own = source, ...others } = parsed;
  const headers = Object.fromEntries(Object.entries(others).filter(isText));
  const body = Buffer.from(signed);
  if (body.length > MAX_BODY_BYTES) return refusal("too_large");
  return { kind, source: own, headers, body, at: Date.now(), canWait: true };
}

const inLowerCase = (line: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(line).map(([name, value]) => [name.toLowerCase(), value]));

/** As the sender knows it; what can't be a key is not repeated, whatever it is. */
export function keyOf({ headers }: Arrival): string | undefined {
  const key = headers["webhook-id"] ?? headers["idempotency-key"];
  return typeof key === "string" && KEY.test(key) ? key : undefined;
}

/** What the same submission would have as its response if it were sent alone, with the status. */
export function responseLine(number: number, key: string | undefined, result: Receipt | Refusal): string {
  const response = isRefusal(result)
    ? problemOf(result)
    : { status: 202, ...accepted(result), position: `${result.position}` };
  return `${JSON.stringify({ line: number, key, ...response })}\n`;
}

const isText = (entry: [string, unknown]): entry is [string, string] => typeof entry[1] === "string";
