// What each kind of submission must look like. All other fields are kept as they came.
import { z } from "zod";
import type { Kind } from "#domain/submission/events.ts";

const MOST_TEXT = 10_000;

/** Absent, null and blank are the same; which of them it was is kept. */
const text = z.string().max(MOST_TEXT).nullish();
const needed = z
  .string()
  .max(MOST_TEXT)
  .refine((value) => value.trim() !== "", "must not be blank");
const reference = z.union([z.string().max(MOST_TEXT), z.number()]).nullish();

const contact = {
  email: text.meta({ description: "Normalised to lower case", examples: ["jane@example.com"] }),
  phone: text.meta({ description: "Normalised to E.164; `country` is the hint", examples: ["+12025550143"] }),
  full_name: text,
  first_name: text,
  last_name: text,
  country: text.meta({ description: "ISO 3166 code or English name", examples: ["US"] }),
};

export const LeadBody = z
  .looseObject({
    ...contact,
    interest: z
      .unknown()
      .optional()
      .meta({ examples: ["Education"] }),
    ip_address: text,
    user_agent: text,
    landing_page_url: text,
    consent: z.looseObject({ certificate_url: text, text, at: text }).nullish(),
  })
  .meta({ description: "At least one of email, phone and full name (or first and last name)" });

export const AssistanceBody = z
  .looseObject({
    ...contact,
    topic: z
      .string()
      .refine((topic) => /^\s*(sales|pricing)\s*$/i.test(topic), "must be sales or pricing")
      .meta({ description: "`sales` or `pricing`, in any case", examples: ["sales"] }),
    description: needed,
  })
  .meta({ description: "A request for help; contact fields are not needed" });

export const EventBody = z
  .looseObject({
    event_id: reference,
    type: needed.meta({ examples: ["shipment.delayed"] }),
    occurred_at: text,
    order_id: reference,
    shipment_id: reference,
  })
  .meta({ description: "A courier's or a system's event" });

export const bodies = {
  lead: LeadBody,
  assistance: AssistanceBody,
  event: EventBody,
} as const satisfies Record<Kind, z.ZodType>;
