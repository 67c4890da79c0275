/** What two records are compared by. */
export const fields = ["email", "phone", "name"] as const;
export type Field = (typeof fields)[number];

export type Comparable = Readonly<Partial<Record<Field, string>>>;

interface Values {
  readonly email?: string | undefined;
  readonly phone?: string | undefined;
  readonly full_name?: string | undefined;
}

/** Each value in the one spelling that is compared; what is blank is not there, so that it never matches. */
export function comparable({ email, phone, full_name }: Values): Comparable {
  const spelt = { email: canonical(email), phone: canonical(phone), name: canonical(full_name) };
  return Object.fromEntries(Object.entries(spelt).filter(([, value]) => value !== ""));
}

function canonical(value: string | undefined): string {
  return (value ?? "").normalize("NFKC").trim().replace(/\s+/gu, " ").toLowerCase();
}
