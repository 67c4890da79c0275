// What every system is given to do: the same signed leads, and rules on one number that choose among three partners.

export const SOURCE = "bench";
export const PATH = "/api/submit";

/** The demo's three, so that they are replaced and none stands beside them. */
export const PARTNERS = ["edu", "fin", "fallback"] as const;
export type Partner = (typeof PARTNERS)[number];

export interface Range {
  readonly partner: Partner;
  readonly from: number;
  readonly to: number;
}

const WIDTH = 100;

/** By the field `amount`; the bounds are included. */
export const RANGES: readonly Range[] = PARTNERS.map((partner, at) => ({
  partner,
  from: at * WIDTH,
  to: at * WIDTH + WIDTH - 1,
}));

/** Neighbours go to different partners. */
const amountOf = (serial: number): number => (serial * (WIDTH + 1)) % (PARTNERS.length * WIDTH);

export const partnerOf = (serial: number): Partner | undefined => partnerFor(amountOf(serial));

export function partnerFor(amount: number): Partner | undefined {
  return RANGES.find(({ from, to }) => amount >= from && amount <= to)?.partner;
}

/** One in so many comes from a person who is known already, under another name. */
const REPEATED_EVERY = 10;
const PHONES = 10_000_000;

export interface Submission {
  /** Its webhook-id, and so its idempotency key. */
  readonly key: string;
  readonly body: string;
}

export function submissionOf(serial: number): Submission {
  const isRepeated = serial % REPEATED_EVERY === REPEATED_EVERY - 1;
  const person = isRepeated ? serial - REPEATED_EVERY + 1 : serial;
  const body = {
    serial,
    amount: amountOf(serial),
    email: `jane.doe.${person}@example.com`,
    phone: `+1202${String(person % PHONES).padStart(7, "0")}`,
    first_name: isRepeated ? "J." : "Jane",
    last_name: `Doe ${person}`,
    country: "US",
    interest: "Solar",
    ip_address: "192.0.2.7",
    user_agent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
    landing_page_url: "https://example.com/landing?utm_source=search",
    consent: {
      certificate_url: "https://example.com/certificates/1",
      text: "I agree",
      at: "2026-01-01T00:00:00Z",
    },
  };
  return { key: `bench-${serial}`, body: JSON.stringify(body) };
}

const SERIAL = /"serial":(\d+)/;

/** Of a submission's text, in whatever else it stands; -1 where there is none. */
export const serialIn = (text: string): number => Number(SERIAL.exec(text)?.[1] ?? -1);
