import { z } from "zod";
import { type ConfigError, check } from "./config-error.ts";
import {
  type DeliveryKind,
  HIDDEN,
  Hidden,
  type KeptSecrets,
  NOTHING_TO_KEEP,
  Timeout,
} from "./delivery-kind.ts";
import { isSecretHeader } from "./http-secrets.ts";
import { templateErrors } from "./template-errors.ts";
import { urlErrors } from "./url-errors.ts";

// Delivery over HTTP, as it is configured. What fits the schema can be sent.

/** What Standard Webhooks sign with: 24 to 64 bytes in base64. */
const Secret = z
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
const HeaderName = z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, "is not a header's name");
const HeaderValue = z
  .string()
  .regex(/^[\t\x20-\x7e\x80-\xff]*$/, "is not a header's value: use printable characters of Latin-1");

export const HttpDelivery = z.strictObject({
  type: z.literal("http"),
  url: z.url({ protocol: /^https?$/ }).meta({ title: "URL" }),
  method: z.enum(["POST", "PUT", "PATCH"]).default("POST"),
  headers: z.record(HeaderName, HeaderValue).optional(),
  secret_headers: z.array(z.string().min(1)).optional().meta({
    title: "Hidden headers",
    description: "The names of those headers whose values nobody may read, separated by commas",
  }),
  body: z
    .record(z.string(), z.unknown())
    .optional()
    .meta({ description: "Templates like {{email}}; left out, the lead as it came with its ids" }),
  timeout_ms: Timeout.default(10_000),
  secret: Secret.optional(),
});
export type HttpDelivery = z.infer<typeof HttpDelivery>;

export const ShownHttpDelivery = HttpDelivery.extend({
  headers: z.record(HeaderName, z.union([HeaderValue, Hidden])).optional(),
  secret: z
    .union([Secret, Hidden, z.null()])
    .optional()
    .meta({ description: "Left out it stays; null: sign no longer" }),
});
type ShownHttpDelivery = z.infer<typeof ShownHttpDelivery>;

export const httpDelivery: DeliveryKind<HttpDelivery, ShownHttpDelivery> = {
  errors({ url, headers = {}, secret_headers = [], body }) {
    return [
      ...urlErrors("delivery.url", url, "use a secret header"),
      ...headerErrors(headers, secret_headers),
      ...templateErrors("delivery.body", body),
    ];
  },
  urls: ({ url }) => [["delivery.url", url]],
  withoutSecrets(delivery) {
    const { headers, secret } = delivery;
    const shown = (value: string, name: string): string => (isSecretHeader(name, delivery) ? HIDDEN : value);
    return {
      ...delivery,
      ...(headers && { headers: mapped(headers, shown) }),
      ...(secret !== undefined && { secret: HIDDEN }),
    };
  },
  withKeptSecrets,
};

/** Headers that belong to the connection or to us. */
export const OUR_HEADERS =
  /^(host|connection|content-length|transfer-encoding|upgrade|te|trailer|keep-alive|expect|webhook-.*|idempotency-key|traceparent|x-switchyard-test)$/i;

const MAX_HEADERS = 50;
const MAX_HEADERS_LENGTH = 8_192;

function headerErrors(headers: Readonly<Record<string, string>>, secret: readonly string[]): ConfigError[] {
  const path = "delivery.headers";
  const names = Object.keys(headers);
  const lower = names.map((name) => name.toLowerCase());
  const length = Object.entries(headers).reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  return [
    ...check(path, names.length > MAX_HEADERS, `has more than ${MAX_HEADERS} headers`),
    ...check(path, length > MAX_HEADERS_LENGTH, `has more than ${MAX_HEADERS_LENGTH} characters`),
    ...names.flatMap((name, at) => [
      ...check(`${path}.${name}`, OUR_HEADERS.test(name), "is set by Switchyard; leave it out"),
      ...check(
        `${path}.${name}`,
        lower.indexOf(name.toLowerCase()) < at,
        "is given twice: names of headers are the same in any case",
      ),
    ]),
    ...secret.flatMap((name, at) =>
      check(
        `delivery.secret_headers.${at}`,
        !lower.includes(name.toLowerCase()),
        "names a header that is not given",
      ),
    ),
  ];
}

/** What may be kept, also of a delivery that can't be used. */
const Before = z.object({
  headers: z.record(z.string(), z.string()).optional().catch(undefined),
  secret_headers: z.array(z.string()).optional().catch(undefined),
  secret: z.string().optional().catch(undefined),
});

function withKeptSecrets(
  { secret: given, headers: shown, ...change }: ShownHttpDelivery,
  found: unknown,
): KeptSecrets<HttpDelivery> {
  const before = Before.safeParse(found).data ?? {};
  const errors: ConfigError[] = [];
  const keptHeader = (value: string, name: string): string => {
    if (value !== HIDDEN) return value;
    const kept = isSecretHeader(name, before) ? headerOf(before.headers ?? {}, name) : undefined;
    const path = `delivery.headers.${name}`;
    if (kept === undefined) errors.push({ path, message: NOTHING_TO_KEEP });
    // Else naming it no longer would be a way to read it.
    else if (!isSecretHeader(name, change))
      errors.push({ path, message: "is kept only while it is a secret header" });
    return kept ?? "";
  };
  const headers = shown && mapped(shown, keptHeader);
  const isKept = given === undefined || given === HIDDEN;
  const secret = isKept ? before.secret : (given ?? undefined);
  if (given === HIDDEN && secret === undefined)
    errors.push({ path: "delivery.secret", message: NOTHING_TO_KEEP });
  return {
    delivery: { ...change, ...(headers && { headers }), ...(secret !== undefined && { secret }) },
    errors,
  };
}

function headerOf(headers: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.entries(headers).find(([one]) => one.toLowerCase() === name.toLowerCase())?.[1];
}

const mapped = (
  headers: Readonly<Record<string, string>>,
  change: (value: string, name: string) => string,
): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, change(value, name)]));
