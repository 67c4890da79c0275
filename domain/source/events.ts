import { z } from "zod";
import { type EventOf, Sealed } from "../event.ts";
import { SourceId } from "../ids.ts";
import { Kind } from "../submission/events.ts";

// Stream: source. Who may send, with which secrets. Written by the admin API; every gateway follows.

export const SOURCE_STREAM = "source";

export const RateLimit = z.object({ per_second: z.number().positive() });

export const SourceSettings = z.object({
  name: z.string().optional(),
  scheme: z.enum(["standard-webhooks", "body-sha256"]).default("standard-webhooks"),
  enabled: z.boolean().default(true),
  allowed_kinds: z.array(Kind).optional(),
  /** ISO 3166-1 alpha-2: where a phone number is from that comes without a country. */
  default_country: z.string().optional(),
  rate_limit: RateLimit.optional(),
});
export type SourceSettings = z.infer<typeof SourceSettings>;

const source = z.object({ source: SourceId });

export const sourceEvents = {
  SourceConfigured: { version: 1, schema: source.extend({ settings: SourceSettings }) },
  SourceSecretAdded: {
    version: 1,
    schema: source.extend({ secret_id: z.string(), sealed: Sealed }),
  },
  SourceSecretRemoved: { version: 1, schema: source.extend({ secret_id: z.string() }) },
  SourceRemoved: { version: 1, schema: source },
} as const;

export type SourceEvent = EventOf<typeof sourceEvents>;
