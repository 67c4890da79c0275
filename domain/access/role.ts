// What people and tokens may be. What each may do stands in services/gateway/access/permissions.ts.
import { z } from "zod";

export const ROLES = ["viewer", "auditor", "manager", "operator", "developer", "admin"] as const;
export const Role = z.enum(ROLES);
export type Role = z.infer<typeof Role>;

/** What stands in `by` for those that are no person: nobody may be called so. */
const RESERVED = new Set(["admin", "switchyard", "unknown"]);

/** Two names are the same where these are. */
export const nameKey = (name: string): string => name.normalize("NFKC").toLowerCase();

/** No colon: `token:` and `source:` begin what is no person. */
export const UserName = z
  .string()
  .trim()
  .regex(
    /^[\p{L}\p{N}][\p{L}\p{N} ._@+-]{0,63}$/u,
    "must have 1 to 64 letters, digits, spaces and . _ - + @, the first a letter or a digit",
  )
  .refine((name) => !RESERVED.has(nameKey(name)), "is a name that the yard uses itself; take another");
export const TokenName = z
  .string()
  .trim()
  .regex(
    /^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,63}$/u,
    "must have 1 to 64 letters, digits, spaces and . _ -, the first a letter or a digit",
  );
