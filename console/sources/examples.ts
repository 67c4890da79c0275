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

export const exampleOf = (kind: Kind): string => written(bodies[kind]);
const written = (body: object): string => JSON.stringify(body, null, 2);

/** What the address asks to try: fields of a submission, and its kind among them. Undefined where it asks for nothing. */
export function askedFor(text: string | null): { readonly kind: Kind; readonly body: string } | undefined {
  let asked: unknown;
  try {
    asked = JSON.parse(text ?? "null");
  } catch {
    return undefined;
  }
  if (typeof asked !== "object" || asked === null) return undefined;
  const { kind: wanted, ...fields } = asked as Readonly<Record<string, unknown>>;
  const kind = kinds.find((one) => one === wanted) ?? ("topic" in fields ? "assistance" : "lead");
  return { kind, body: written({ ...bodies[kind], ...fields }) };
}
