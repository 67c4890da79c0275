// The workload, the same for every system: signed leads, and rules on one number field that choose among three partners.

export const SOURCE = "bench";
export const PATH = "/api/submit";

/** The ids of the demo partners, so that the yard has exactly these three. */
export const PARTNERS = ["edu", "fin", "fallback"] as const;
export type Partner = (typeof PARTNERS)[number];

interface Range {
  readonly partner: Partner;
  readonly from: number;
  readonly to: number;
}

const WIDTH = 100;

/** The rules: ranges of the field `amount`, bounds included. */
export const RANGES: readonly Range[] = PARTNERS.map((partner, index) => ({
  partner,
  from: index * WIDTH,
  to: index * WIDTH + WIDTH - 1,
}));

/** Consecutive submissions go to different partners. */
const amountOf = (serial: number): number => (serial * (WIDTH + 1)) % (PARTNERS.length * WIDTH);

export const partnerOf = (serial: number): Partner | undefined => partnerFor(amountOf(serial));

export function partnerFor(amount: number): Partner | undefined {
  return RANGES.find(({ from, to }) => amount >= from && amount <= to)?.partner;
}

/** A range of serial numbers. */
export interface Serials {
  readonly from: number;
  readonly many: number;
}

/** One submission in ten comes from a known person under another name. */
const REPEATED_EVERY = 10;
const PHONES = 10_000_000;

interface Submission {
  /** The webhook-id, which is also the idempotency key. */
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

/** The serial number in JSON that contains a submission; -1 if there is none. Cheaper than parsing it. */
export const serialIn = (json: string): number => Number(SERIAL.exec(json)?.[1] ?? -1);
