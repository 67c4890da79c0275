// The three kinds of submissions, spread over the partners of the demo: three over HTTP, one on Slack, one by e-mail.
import type { Submission } from "./submissions.ts";

const INTERESTS = ["Education", "Finance", "Travel"];
const TOPICS = ["sales", "pricing"];
const EVENT_TYPES = ["shipment.created", "shipment.delivered"];

export function lead(serial: number, run: string): Submission {
  return {
    path: "/api/submit",
    body: {
      email: `jane.doe.${serial}@${run}.example`,
      full_name: `Jane Doe ${serial} ${run}`,
      country: "US",
      interest: INTERESTS[serial % INTERESTS.length],
      landing_page_url: "https://example.com/landing?utm_source=search",
      consent: {
        certificate_url: "https://example.com/certificates/1",
        text: "I agree",
        at: "2026-01-01T00:00:00Z",
      },
    },
  };
}

function assistance(serial: number, run: string): Submission {
  const topic = TOPICS[Math.floor(serial / 10) % TOPICS.length];
  return {
    path: "/api/assistance",
    body: { topic, description: `Question ${serial} about ${topic}`, email: `bot.${serial}@${run}.example` },
  };
}

function courierEvent(serial: number, run: string): Submission {
  return {
    path: "/api/events",
    body: {
      event_id: `${run}-${serial}`,
      type: EVENT_TYPES[Math.floor(serial / 10) % EVENT_TYPES.length],
      occurred_at: "2026-01-01T00:00:00Z",
      shipment_id: `shipment-${serial}`,
    },
  };
}

/** Of ten one asks for assistance, one is an event, and eight are leads. */
export function anyKind(serial: number, run: string): Submission {
  if (serial % 10 === 1) return assistance(serial, run);
  if (serial % 10 === 2) return courierEvent(serial, run);
  return lead(serial, run);
}
