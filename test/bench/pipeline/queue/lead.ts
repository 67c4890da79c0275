// Schema of a submission in the comparison system; it normalises the same contact fields as the gateway does.
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

const Lead = z
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
  .transform((body) => ({ ...body, full_name: body.full_name ?? `${body.first_name} ${body.last_name}` }));

export type Lead = z.output<typeof Lead>;

export function readLead(json: string): Lead | undefined {
  try {
    return Lead.parse(JSON.parse(json));
  } catch {
    return undefined;
  }
}

export interface Job {
  readonly lead: Lead;
  readonly source: string;
  /** The idempotency key. */
  readonly key: string;
  readonly received_at: string;
}

export const QUEUE = "submissions";
