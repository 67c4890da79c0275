import { z } from "zod";
import { requestSchemas } from "../../http/route-schema.ts";
import { contact, requiredText, type SubmissionKind } from "./kind.ts";

export const assistance: SubmissionKind = {
  path: "/api/assistance",
  summary: "Ask for assistance",
  body: z
    .looseObject({
      ...contact,
      topic: z
        .string()
        .refine((topic) => /^\s*(sales|pricing)\s*$/i.test(topic), "must be sales or pricing")
        .meta({ description: "`sales` or `pricing`, in any case", examples: ["sales"] }),
      description: requiredText,
    })
    .meta({
      description: "A request for help; contact fields are not needed",
      examples: [
        { topic: "sales", description: "Call me", email: "jane@example.com" },
        { topic: "Pricing", description: "What would 500 leads a day cost?" },
      ],
    })
    .register(requestSchemas, { id: "AssistanceSubmission" }),
  refusesBadContact: true,
};
