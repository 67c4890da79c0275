import type { Person } from "../api/admin-shapes.ts";

export const nameOf = ({ full_name, email, phone, id }: Omit<Person, "aliases">): string =>
  full_name ?? email ?? phone ?? id.slice(0, 8);

/** What somebody who types this looks for. */
export function fieldOf(typed: string): "email" | "phone" | "full_name" {
  if (typed.includes("@")) return "email";
  return /^\+?[\d\s().-]{5,}$/.test(typed) ? "phone" : "full_name";
}
