// Which source sent a request, under which idempotency key. Everything that is wrong looks the same from outside, and takes as long.
import { createSecretKey, randomBytes, timingSafeEqual } from "node:crypto";
import { type HeaderValues, verify } from "#platform/webhooks.ts";
import { bodyDigests, type KnownSource, type KnownSources } from "./sources.ts";

export interface Sender {
  readonly source: KnownSource;
  /** The idempotency key. */
  readonly key: string;
}

/** Checked in place of an unknown source's secret, so that nobody can find out which sources exist. */
const decoyKeys = [createSecretKey(randomBytes(32))];

export interface Signed {
  readonly source: string | undefined;
  readonly headers: HeaderValues;
  readonly body: Buffer;
}

/** `now` in milliseconds. Undefined when it is not from a source that is known and enabled. */
export function authenticate(
  sources: KnownSources,
  { source, headers, body }: Signed,
  now: number,
): Sender | undefined {
  const known = source === undefined ? undefined : sources.get(source);
  if (known?.settings.scheme === "body-sha256") return authenticateBodySha256(known, headers, body);
  const verified = verify(known?.keys ?? decoyKeys, headers, body, now);
  if (!verified.verified || known === undefined || !known.settings.enabled) return undefined;
  return { source: known, key: verified.id };
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
