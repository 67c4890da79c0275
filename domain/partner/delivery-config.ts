import { z } from "zod";

// How submissions reach a partner, as it is configured. What fits here can be sent.

/** What Standard Webhooks sign with: 24 to 64 bytes in base64. */
export const Secret = z
  .string()
  .regex(/^whsec_[A-Za-z0-9+/]{32,86}={0,2}$/, {
    message: "use whsec_ followed by the base64 of 24 to 64 bytes",
    abort: true,
  })
  .refine(isBase64, "is not base64: a character is missing at its end, or there is one too many");

function isBase64(secret: string): boolean {
  const encoded = secret.slice("whsec_".length);
  const characters = encoded.replace(/=+$/, "").length;
  return characters % 4 !== 1 && (characters === encoded.length || encoded.length % 4 === 0);
}

/** What HTTP takes for a header's name (RFC 9110), and what Node and undici send as its value. */
export const HeaderName = z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, "is not a header's name");
export const HeaderValue = z
  .string()
  .regex(/^[\t\x20-\x7e\x80-\xff]*$/, "is not a header's value: use printable characters of Latin-1");

export const HttpDelivery = z.strictObject({
  type: z.literal("http"),
  url: z.url({ protocol: /^https?$/ }),
  method: z.enum(["POST", "PUT", "PATCH"]).default("POST"),
  headers: z.record(HeaderName, HeaderValue).optional(),
  /** The names of those headers whose values nobody may read. */
  secret_headers: z.array(z.string().min(1)).optional(),
  body: z.record(z.string(), z.unknown()).optional(),
  timeout_ms: z.int().positive().max(120_000).default(10_000),
  secret: Secret.optional(),
});

export type HttpDelivery = z.infer<typeof HttpDelivery>;

/** Every other kind of delivery becomes a member of this union. */
export const Delivery = z.discriminatedUnion("type", [HttpDelivery]);
export type Delivery = z.infer<typeof Delivery>;
