import { z } from "zod";
import { requestSchemas } from "../../http/route-schema.ts";
import { reference, requiredText, type SubmissionKind, text } from "./kind.ts";

export const event: SubmissionKind = {
  path: "/api/events",
  summary: "Report a courier's or a system's event",
  body: z
    .looseObject({
      event_id: reference,
      type: requiredText.meta({ examples: ["shipment.delayed"] }),
      occurred_at: text,
      order_id: reference,
      shipment_id: reference,
    })
    .meta({
      description: "A courier's or a system's event",
      examples: [
        {
          type: "shipment.delayed",
          event_id: "e-1",
          occurred_at: "2026-01-02T03:04:05Z",
          shipment_id: "s-42",
        },
      ],
    })
    .register(requestSchemas, { id: "EventSubmission" }),
  // An event happened, whatever the phone number in it.
  refusesBadContact: false,
  fromCloudEvent: ({ type, id, time }) => ({ type, event_id: id, occurred_at: time }),
};
