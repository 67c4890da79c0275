import { z } from "zod";
import { requestSchemas } from "../../http/route-schema.ts";
import { blank, contact, type SubmissionKind, text } from "./kind.ts";

export const lead: SubmissionKind = {
  path: "/api/submit",
  summary: "Submit a lead",
  body: z
    .looseObject({
      ...contact,
      interest: z
        .unknown()
        .optional()
        .meta({ examples: ["Education"] }),
      ip_address: text,
      user_agent: text,
      landing_page_url: text,
      consent: z.union([z.looseObject({ certificate_url: text, text, at: text }), blank]).nullish(),
    })
    .meta({
      description: "At least one of email, phone and full name (or first and last name)",
      examples: [
        { email: "jane@example.com", phone: "(202) 555-0143", country: "US", interest: "Education" },
        { first_name: "Jane", last_name: "Doe", consent: { text: "yes", at: "2026-01-02T03:04:05Z" } },
      ],
    })
    .register(requestSchemas, { id: "LeadSubmission" }),
  refusesBadContact: true,
  check({ email, phone, full_name }) {
    if (email !== undefined || phone !== undefined || full_name !== undefined) return undefined;
    const message = "a lead needs at least one of email, phone, full_name (or first_name and last_name)";
    return { path: "", message };
  },
};
