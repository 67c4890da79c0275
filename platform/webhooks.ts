// Standard Webhooks signatures, for both sides: producers that sign to us, and our deliveries that partners check.
import { createHmac, type KeyObject, randomBytes, timingSafeEqual } from "node:crypto";

/** Unix seconds of tolerance, to either side, between a signature's timestamp and the receiver's clock. */
export const TOLERANCE_S = 300;
const PREFIX = "whsec_";
const MIN_SECRET_BYTES = 24;
const MAX_SECRET_BYTES = 64;
/** More signatures than any rotation needs are somebody's attempt to make us compute. */
const MAX_SIGNATURES = 16;

/** What signs: a secret's bytes, or for who signs often the key made of them, which is four times as quick. */
export type SigningKey = Buffer | KeyObject;

/** Header names are lower-case, as Node and Fastify give them. */
export type HeaderValues = Readonly<Record<string, string | readonly string[] | undefined>>;

/** The three headers; a type rather than an interface, so that it can be given where any headers can. */
export type SignedHeaders = {
  readonly "webhook-id": string;
  readonly "webhook-timestamp": string;
  readonly "webhook-signature": string;
};

export type Verification =
  | { readonly verified: true; readonly id: string; readonly timestamp: number }
  | { readonly verified: false; readonly reason: "header_missing" | "out_of_tolerance" | "wrong_signature" };

/** The key inside `whsec_<base64>`; throws a message that does not repeat the secret. */
export function parseSecret(text: string): Buffer {
  const encoded = text.startsWith(PREFIX) ? text.slice(PREFIX.length) : "";
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) throw new Error(`a secret is ${PREFIX} followed by base64`);
  const key = Buffer.from(encoded, "base64");
  if (key.length < MIN_SECRET_BYTES || key.length > MAX_SECRET_BYTES)
    throw new Error(
      `a secret has ${MIN_SECRET_BYTES} to ${MAX_SECRET_BYTES} bytes; this one has ${key.length}`,
    );
  return key;
}

export function newSecret(): string {
  return PREFIX + randomBytes(32).toString("base64");
}

/** One signature, `v1,<base64>`; `timestamp` in Unix seconds. */
export function sign(
  secret: SigningKey,
  id: string,
  timestamp: number | string,
  body: string | Buffer,
): string {
  return `v1,${digest(secret, id, timestamp, body).toString("base64")}`;
}

/** The headers of one message, signed at `now` (milliseconds). Several secrets give several signatures. */
export function signedHeaders(
  secrets: SigningKey | readonly SigningKey[],
  id: string,
  body: string | Buffer,
  now = Date.now(),
): SignedHeaders {
  const timestamp = Math.floor(now / 1000);
  const all = Array.isArray(secrets) ? (secrets as readonly SigningKey[]) : [secrets as SigningKey];
  return {
    "webhook-id": id,
    "webhook-timestamp": `${timestamp}`,
    "webhook-signature": all.map((secret) => sign(secret, id, timestamp, body)).join(" "),
  };
}

/** Whether any signature in the header was made with any of the secrets, at about `now` (milliseconds). */
export function verify(
  secrets: readonly SigningKey[],
  headers: HeaderValues,
  body: string | Buffer,
  now: number,
): Verification {
  const id = headers["webhook-id"];
  const timestamp = headers["webhook-timestamp"];
  const signatures = headers["webhook-signature"];
  if (typeof id !== "string" || typeof timestamp !== "string" || typeof signatures !== "string")
    return { verified: false, reason: "header_missing" };
  if (id === "" || signatures === "") return { verified: false, reason: "header_missing" };
  // In whole seconds, as the timestamp is: its edge holds for all of a second, as in the standard's own libraries.
  const age = Math.floor(now / 1000) - Number(timestamp);
  if (!/^\d{1,12}$/.test(timestamp) || Math.abs(age) > TOLERANCE_S)
    return { verified: false, reason: "out_of_tolerance" };

  const given = signatures.split(" ", MAX_SIGNATURES).filter((one) => one.startsWith("v1,"));
  const offered = given.map((one) => Buffer.from(one.slice("v1,".length), "base64"));
  // Every pair is compared, so that the time taken tells nothing about which one fits.
  let matches = 0;
  for (const secret of secrets) {
    const expected = digest(secret, id, timestamp, body);
    for (const one of offered)
      if (one.length === expected.length && timingSafeEqual(one, expected)) matches += 1;
  }
  return matches > 0
    ? { verified: true, id, timestamp: Number(timestamp) }
    : { verified: false, reason: "wrong_signature" };
}

function digest(secret: SigningKey, id: string, timestamp: number | string, body: string | Buffer): Buffer {
  return createHmac("sha256", secret).update(`${id}.${timestamp}.`).update(body).digest();
}
