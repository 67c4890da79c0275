// What one may try, for each kind of submission.
export const kinds = ["lead", "assistance", "event"] as const;
export type Kind = (typeof kinds)[number];

export const paths: Readonly<Record<Kind, string>> = {
  lead: "/api/submit",
  assistance: "/api/assistance",
  event: "/api/events",
};

const bodies: Readonly<Record<Kind, object>> = {
  lead: {
    full_name: "Ada Lovelace",
    email: "ada@example.com",
    phone: "+1 202 555 0143",
    country: "US",
    interest: "Education",
  },
  assistance: { topic: "pricing", description: "What does it cost for a school?", email: "ada@example.com" },
  event: { type: "shipment.delivered", shipment_id: "S-1001" },
};

export const exampleOf = (kind: Kind): string => JSON.stringify(bodies[kind], null, 2);
