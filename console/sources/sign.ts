// Signs a submission in the browser, as a producer would: the secret never leaves the page.

const text = new TextEncoder();

/** The key inside `whsec_<base64>`. */
export function keyBytes(secret: string): Uint8Array<ArrayBuffer> {
  const encoded = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret.trim())?.[1];
  if (encoded === undefined) throw new Error("A secret begins with whsec_ and goes on in base64");
  return Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
}

async function hmac(secret: string, message: string): Promise<Uint8Array> {
  // Browsers have it on pages from https, or from this machine.
  if (globalThis.crypto?.subtle === undefined)
    throw new Error("This browser signs only on pages that came over https, or from this machine");
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", keyBytes(secret), algorithm, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, text.encode(message)));
}

export interface Message {
  readonly source: string;
  readonly scheme: "standard-webhooks" | "body-sha256";
  readonly secret: string;
  readonly id: string;
  readonly body: string;
  readonly now: number;
}

/** All headers of a submission, by the scheme of its source. */
export async function signedHeaders(message: Message): Promise<Readonly<Record<string, string>>> {
  const { source, scheme, secret, id, body, now } = message;
  const common = { "content-type": "application/json", "x-source": source };
  if (scheme === "body-sha256") {
    const digest = await hmac(secret, body);
    const hex = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return { ...common, "idempotency-key": id, "x-signature-256": `sha256=${hex}` };
  }
  const timestamp = String(Math.floor(now / 1000));
  const digest = await hmac(secret, `${id}.${timestamp}.${body}`);
  return {
    ...common,
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,${btoa(String.fromCharCode(...digest))}`,
  };
}
