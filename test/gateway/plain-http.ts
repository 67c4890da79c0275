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

export interface PlainResponse {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test asserts what is in it.
  readonly body: any;
}

export async function sendPlainly(
  url: string,
  { method = "POST", path = "/api/submit", headers = [], body = [] }: PlainRequest,
): Promise<PlainResponse> {
  const host = new URL(url).host;
  const sending = request(url + path, { method, headers: [["host", host], ...headers].flat() });
  sending.flushHeaders();
  for (const piece of body) sending.write(piece);
  sending.end();
  const [response] = (await once(sending, "response")) as [IncomingMessage];
  const text = Buffer.concat(await response.toArray()).toString();
  const isJson = /[/+]json\b/.test(response.headers["content-type"] ?? "") && text !== "";
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
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
