// One line of a bulk request: a submission with its own headers and its body as text, signed like any other.
import { z } from "zod";
import { Kind } from "#domain/submission/events.ts";
import { flawsOf } from "../http/flaws.ts";
import { readObject, readText } from "../http/json-body.ts";
import { problemOf } from "../http/problem.ts";
import { isRefusal, type Refusal, refusal } from "../refusal.ts";
import { acceptedAs } from "./answer.ts";
import { MOST_BODY_BYTES } from "./bounds.ts";
import type { Line } from "./lines.ts";
import type { Arrival } from "./receive.ts";
import type { Receipt } from "./store.ts";

const header = z.string().optional();

/** The same headers as of a request, in lower case, those of a CloudEvent included. */
export const BatchLine = z
  .object({
    kind: Kind.default("lead"),
    "webhook-id": header,
    "webhook-timestamp": z.union([z.string(), z.int().transform(String)]).optional(),
    "webhook-signature": header,
    "idempotency-key": header,
    "x-signature-256": header,
    "content-type": header,
    traceparent: header,
    body: z.string().meta({ description: "The submission's JSON as text: exactly what was signed" }),
  })
  .catchall(z.unknown());

/** JSON inside a JSON text is longer than it is by itself, by its quotes at least. */
export const MOST_LINE_BYTES = 2 * MOST_BODY_BYTES + 8 * 1024;

export function arrivalOf(line: Line, source: string | undefined): Arrival | Refusal {
  if ("tooLong" in line) return refusal("too_large");
  const text = readText(line.text);
  const object = isRefusal(text) ? text : readObject(text);
  if (isRefusal(object)) return object;
  const parsed = BatchLine.safeParse(object);
  if (!parsed.success) return refusal("invalid", { errors: flawsOf(parsed.error) });
  const { kind, body: signed, ...others } = parsed.data;
  const headers = Object.fromEntries(Object.entries(others).filter(isText));
  const body = Buffer.from(signed);
  if (body.length > MOST_BODY_BYTES) return refusal("too_large");
  return { kind, source, headers, body, at: Date.now(), patient: true };
}

/** As the sender knows it. */
export function keyOf({ headers }: Arrival): string | undefined {
  const key = headers["webhook-id"] ?? headers["idempotency-key"];
  return typeof key === "string" ? key : undefined;
}

/** The answer line: what the same submission would have been answered alone, with its status. */
export function answerLine(number: number, key: string | undefined, result: Receipt | Refusal): string {
  const told = isRefusal(result)
    ? problemOf(result)
    : { status: 202, ...acceptedAs(result), position: `${result.position}` };
  return `${JSON.stringify({ line: number, key, ...told })}\n`;
}

const isText = (entry: [string, unknown]): entry is [string, string] => typeof entry[1] === "string";
