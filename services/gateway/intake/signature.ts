// Which source sent a request, under which idempotency key. Everything that is wrong looks the same from outside, and takes as long.
import { createSecretKey, randomBytes, timingSafeEqual } from "node:crypto";
import { type HeaderValues, verify } from "#platform/webhooks.ts";
import { bodyDigests, type KnownSource } from "./sources.ts";

export interface Sender {
  readonly source: KnownSource;
  /** The idempotency key. */
  readonly key: string;
}

/** Checked in place of an unknown source's secret, so that nobody can find out which sources exist. */
const decoyKeys = [createSecretKey(randomBytes(32))];

/** `source` as claimed, undefined when it is unknown; `now` in milliseconds. Undefined unless the claim is true and the source enabled. */
export function authenticate(
  source: KnownSource | undefined,
  { headers, body }: { readonly headers: HeaderValues; readonly body: Buffer },
  now: number,
): Sender | undefined {
  if (source?.settings.scheme === "body-sha256") return authenticateBodySha256(source, headers, body);
  return authenticateStandard(source, headers, body, now);
}

/** A read has no body: it signs what it asks for, in the scheme that signs the time as well, whichever is the source's own. */
export function authenticateRead(
  source: KnownSource | undefined,
  { headers, method, url }: { readonly headers: HeaderValues; readonly method: string; readonly url: string },
  now: number,
): Sender | undefined {
  return authenticateStandard(source, headers, `${method} ${url}`, now);
}

function authenticateStandard(
  source: KnownSource | undefined,
  headers: HeaderValues,
  signed: Buffer | string,
  now: number,
): Sender | undefined {
  const verified = verify(source?.keys ?? decoyKeys, headers, signed, now);
  if (!verified.verified || source === undefined || !source.settings.enabled) return undefined;
  return { source, key: verified.id };
}

function authenticateBodySha256(
  source: KnownSource,
  headers: HeaderValues,
  body: Buffer,
): Sender | undefined {
  const key = headers["idempotency-key"];
  const signature = headers["x-signature-256"];
  if (typeof key !== "string" || key === "" || typeof signature !== "string") return undefined;
  const hex = /^sha256=([0-9a-f]{64})$/i.exec(signature)?.[1];
  if (hex === undefined) return undefined;
  const given = Buffer.from(hex, "hex");
  let matches = 0;
  for (const expected of bodyDigests(source, body)) if (timingSafeEqual(expected, given)) matches += 1;
  return matches > 0 && source.settings.enabled ? { source, key } : undefined;
}
