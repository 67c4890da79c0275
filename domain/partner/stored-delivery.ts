import type { Sealed } from "../event.ts";
import type { StoredDelivery } from "./config.ts";
import type { ConfigError } from "./config-errors.ts";
import { Delivery } from "./delivery-config.ts";

// From what is stored of a delivery to the delivery itself: whoever has the keys opens what is sealed in between.

/** Undefined where nothing in it is sealed. */
export const sealedIn = (stored: StoredDelivery): Sealed | undefined =>
  "sealed" in stored ? stored.sealed : stored.sealed_secret;

export type OpenedDelivery =
  | { readonly usable: true; readonly delivery: Delivery }
  | { readonly usable: false; readonly errors: readonly ConfigError[] };

/** `opened` is what was sealed, in the clear. */
export function openedDelivery(stored: StoredDelivery, opened: unknown): OpenedDelivery {
  const given =
    "sealed" in stored ? opened : { ...stored.plain, ...(stored.sealed_secret && { secret: opened }) };
  const parsed = Delivery.safeParse(given);
  if (parsed.success) return { usable: true, delivery: parsed.data };
  const errors = parsed.error.issues.map(({ path, message }) => ({
    path: ["delivery", ...path].map(String).join("."),
    message,
  }));
  return { usable: false, errors };
}
