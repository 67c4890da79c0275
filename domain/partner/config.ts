import { z } from "zod";
import { type EventOf, Sealed } from "../event.ts";
import { PartnerId } from "../ids.ts";
import { Delivery } from "./delivery-config.ts";
import { Code } from "./function-delivery.ts";
import { Caps, Schedule } from "./schedule.ts";

// Stream: partner_config. What people say about all partners, in one stream so that a start reads no more than that. A
// partner's own actor writes here only that it is paused, where the partner says that it is gone.

export const PARTNER_CONFIG_STREAM = "partner_config";

export const MAX_PRICE = 1_000_000_000;

const positive = z.int().positive();

const Match = z.strictObject({
  path: z
    .string()
    .min(1)
    .meta({ description: "Of a field in the answer, like result.status", examples: ["result.status"] }),
  equals: z.unknown(),
});

const window_hours = z
  .number()
  .positive()
  .optional()
  .meta({ description: "For how long; left out, for ever" });
const Dedupe = z.union([
  z
    .strictObject({
      fields: z
        .array(z.string().min(1))
        .min(1)
        .meta({ description: "Separated by commas: two leads are the same where all of these are equal" }),
      window_hours,
    })
    .meta({ title: "By fields" }),
  z
    .strictObject({
      function: Code.meta({ description: "(lead) => string", contentMediaType: "text/javascript" }),
      window_hours,
    })
    .meta({ title: "By a function" }),
]);

/**
 * All that is configured about a partner. Whatever fits works; what fits and makes no sense is for config-errors.ts to say, since what
 * was stored before has to be read all the same.
 */
export const PartnerConfig = z.strictObject({
  name: z.string().min(1),
  enabled: z.boolean().default(true).meta({ title: "In use" }),
  delivery: Delivery,
  dedupe: Dedupe.optional().meta({
    title: "Duplicates",
    description:
      "Which leads are the same to it; left out, those of the same person, kind and idempotency key",
  }),
  retry: z
    .strictObject({
      max_attempts: positive.max(100).default(3),
      base_ms: positive.default(500).meta({ title: "First wait (ms)" }),
      max_ms: positive.default(60_000).meta({ title: "Longest wait (ms)" }),
    })
    .prefault({}),
  circuit: z
    .strictObject({
      failure_threshold: positive.default(5).meta({ title: "Opens after failures" }),
      open_ms: positive.default(30_000).meta({ title: "Stays open (ms)" }),
    })
    .prefault({}),
  limits: z
    .strictObject({
      concurrency: positive.max(1_000).default(16).meta({ title: "At the same time" }),
      per_second: z.number().positive().optional(),
    })
    .prefault({}),
  caps: Caps.optional(),
  schedule: Schedule.optional(),
  response: z
    .strictObject({
      success: Match.optional(),
      duplicate: Match.optional(),
      reason_path: z.string().optional(),
      price_path: z.string().optional(),
    })
    .optional(),
  price: z.number().nonnegative().max(MAX_PRICE).optional(),
  idempotent: z.boolean().default(true).meta({
    title: "Recognises repeats",
    description: "By the idempotency key; where it does not, what is in doubt is held instead of repeated",
  }),
});
export type PartnerConfig = z.infer<typeof PartnerConfig>;

/** All but how it is delivered to, which may hold credentials. */
export const PartnerSettings = PartnerConfig.omit({ delivery: true });
export type PartnerSettings = z.infer<typeof PartnerSettings>;

/** The delivery as it is stored: sealed as a whole. */
const SealedDelivery = z.strictObject({ sealed: Sealed });
/** As earlier releases stored it, with only its secret sealed; whether it can be used is seen when it is. */
const PlainDelivery = z.strictObject({
  plain: z.record(z.string(), z.unknown()),
  sealed_secret: Sealed.optional(),
});
const StoredDelivery = z.union([SealedDelivery, PlainDelivery]);
export type StoredDelivery = z.infer<typeof StoredDelivery>;

const partner = z.object({ partner: PartnerId });

export const partnerConfigEvents = {
  /** Null is what can't be read: one partner's configuration must not keep anybody from reading that of the others. */
  PartnerConfigured: {
    version: 2,
    schema: partner.extend({
      config: PartnerSettings.nullable().catch(null),
      delivery: StoredDelivery.nullable().catch(null),
    }),
    upcasts: { 1: withDeliveryApart },
  },
  PartnerPaused: { version: 1, schema: partner.extend({ reason: z.string().optional() }) },
  PartnerResumed: { version: 1, schema: partner },
  PartnerRemoved: {
    version: 1,
    schema: partner.extend({
      /** What becomes of what waits for it: it goes on in its waterfall where it has one, or it does not. */
      drain: z.enum(["next", "dead_letter"]).default("next"),
    }),
  },
} as const;

export type PartnerConfigEvent = EventOf<typeof partnerConfigEvents>;

/** What may be missing or odd here is read as null afterwards. */
function withDeliveryApart(data: unknown): unknown {
  const { partner, config, sealed_secret } = data as Record<string, unknown>;
  const { delivery: plain, ...settings } = (config ?? {}) as Record<string, unknown>;
  return {
    partner,
    config: settings,
    delivery: { plain, ...(sealed_secret !== undefined && { sealed_secret }) },
  };
}
