// A request exactly as it is given: header names as they are written, twice where they are given twice, a body in pieces.
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { type SignedHeaders, type SigningKey, signedHeaders } from "#platform/webhooks.ts";

export interface PlainRequest {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  /** Several pieces without a content-length among the headers come in chunks. */
  readonly body?: readonly (string | Buffer)[];
}

export interface PlainAnswer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test asserts what is in it.
  readonly body: any;
}

export async function sendPlainly(
  url: string,
  { method = "POST", path = "/api/submit", headers = [], body = [] }: PlainRequest,
): Promise<PlainAnswer> {
  const host = new URL(url).host;
  const asking = request(url + path, { method, headers: [["host", host], ...headers].flat() });
  asking.flushHeaders();
  for (const piece of body) asking.write(piece);
  asking.end();
  const [answer] = (await once(asking, "response")) as [IncomingMessage];
  const text = Buffer.concat(await answer.toArray()).toString();
  const isJson = /[/+]json\b/.test(answer.headers["content-type"] ?? "") && text !== "";
  return {
    status: answer.statusCode ?? 0,
    headers: answer.headers,
    text,
    body: isJson ? JSON.parse(text) : undefined,
  };
}

/** As a producer signs, header by header. */
export function signedPairs(
  key: SigningKey,
  id: string,
  body: string | Buffer,
  now?: number,
): [name: string, value: string][] {
  const signed: SignedHeaders = signedHeaders(key, id, body, now);
  return [
    ["content-type", "application/json"],
    ["x-source", "demo"],
    ...(Object.entries(signed) as [string, string][]),
  ];
}
