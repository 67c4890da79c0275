import { z } from "zod";
import { type EventOf, Sealed } from "../event.ts";
import { PartnerId } from "../ids.ts";

// Stream: partner_config. What people say about all partners, in one stream so that a start reads no more than that; the partners'
// own actors never write here.

export const PARTNER_CONFIG_STREAM = "partner_config";

const positive = z.int().positive();

/** What Standard Webhooks sign with: 24 to 64 bytes in base64. */
const Secret = z
  .string()
  .regex(/^whsec_[A-Za-z0-9+/]{32,86}={0,2}$/, "use whsec_ followed by the base64 of 24 to 64 bytes");

const HttpDelivery = z.object({
  type: z.literal("http"),
  url: z.url({ protocol: /^https?$/ }),
  method: z.enum(["POST", "PUT", "PATCH"]).default("POST"),
  headers: z.record(z.string(), z.string()).optional(),
  body: z.record(z.string(), z.unknown()).optional(),
  timeout_ms: positive.max(120_000).default(10_000),
  secret: Secret.optional(),
});

/** How a submission reaches the partner; every other kind of delivery becomes a member of this union. */
export const Delivery = z.discriminatedUnion("type", [HttpDelivery]);
export type Delivery = z.infer<typeof Delivery>;

const Match = z.object({ path: z.string().min(1), equals: z.unknown() });

const Dedupe = z.object({
  fields: z.array(z.string().min(1)).min(1),
  window_hours: z.number().positive().optional(),
});

export const PartnerConfig = z.object({
  name: z.string().min(1),
  enabled: z.boolean().default(true),
  delivery: Delivery,
  dedupe: Dedupe.optional(),
  retry: z
    .object({
      max_attempts: positive.max(100).default(3),
      base_ms: positive.default(500),
      max_ms: positive.default(60_000),
    })
    .prefault({}),
  circuit: z
    .object({ failure_threshold: positive.default(5), open_ms: positive.default(30_000) })
    .prefault({}),
  limits: z
    .object({ concurrency: positive.max(1_000).default(16), per_second: z.number().positive().optional() })
    .prefault({}),
  response: z
    .object({
      success: Match.optional(),
      duplicate: Match.optional(),
      reason_path: z.string().optional(),
      price_path: z.string().optional(),
    })
    .optional(),
  price: z.number().nonnegative().optional(),
  idempotent: z.boolean().default(true),
});
export type PartnerConfig = z.infer<typeof PartnerConfig>;

const partner = z.object({ partner: PartnerId });

export const partnerConfigEvents = {
  /** `secret` is taken out of the delivery and sealed. */
  PartnerConfigured: {
    version: 1,
    schema: partner.extend({ config: PartnerConfig, sealed_secret: Sealed.optional() }),
  },
  PartnerPaused: { version: 1, schema: partner },
  PartnerResumed: { version: 1, schema: partner },
  PartnerRemoved: { version: 1, schema: partner },
} as const;

export type PartnerConfigEvent = EventOf<typeof partnerConfigEvents>;
