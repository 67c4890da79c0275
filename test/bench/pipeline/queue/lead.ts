// What a submission must look like for the queue: a schema as one would write it, with the same normalised contact fields.
import { parsePhoneNumberFromString } from "libphonenumber-js";
import { z } from "zod";

const text = z.string().max(10_000).nullish();

const Phone = z
  .string()
  .max(40)
  .transform((given, context) => {
    const number = parsePhoneNumberFromString(given);
    if (number?.isPossible()) return number.number as string;
    context.addIssue({ code: "custom", message: "is not a phone number" });
    return z.NEVER;
  });

const Body = z
  .looseObject({
    email: z.string().trim().toLowerCase().pipe(z.email()).optional(),
    phone: Phone.optional(),
    full_name: text,
    first_name: text,
    last_name: text,
    country: text,
    interest: text,
    ip_address: text,
    user_agent: text,
    landing_page_url: text,
    amount: z.number(),
    serial: z.number(),
    consent: z.looseObject({ certificate_url: text, text, at: text }).nullish(),
  })
  .transform((body) => ({ ...body, full_name: body.full_name ?? `${body.first_name} ${body.last_name}` }))
  .refine(({ email, phone, full_name }) => email ?? phone ?? full_name, "names nobody");

export type Lead = z.output<typeof Body>;

export function readLead(text: string): Lead | undefined {
  try {
    return Body.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

export interface Job {
  readonly lead: Lead;
  readonly source: string;
  /** The idempotency key that it came with. */
  readonly key: string;
  readonly received_at: string;
}

export const QUEUE = "submissions";
