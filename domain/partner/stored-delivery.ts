import type { Sealed } from "../event.ts";
import type { StoredDelivery } from "./config.ts";
import type { ConfigError } from "./config-error.ts";
import { Delivery, schemaErrors } from "./delivery-config.ts";

// From what is stored of a delivery to the delivery itself: whoever has the keys opens what is sealed in between.

/** Undefined where nothing in it is sealed. */
export const sealedIn = (stored: StoredDelivery): Sealed | undefined =>
  "sealed" in stored ? stored.sealed : stored.sealed_secret;

export type OpenedDelivery =
  | { readonly usable: true; readonly delivery: Delivery }
  /** `found` may still hold secrets that are worth keeping. */
  | { readonly usable: false; readonly found: unknown; readonly errors: readonly ConfigError[] };

/** `opened` is what was sealed, in the clear. */
export function openedDelivery(stored: StoredDelivery, opened: unknown): OpenedDelivery {
  const given =
    "sealed" in stored ? opened : { ...stored.plain, ...(stored.sealed_secret && { secret: opened }) };
  const parsed = Delivery.safeParse(given);
  return parsed.success
    ? { usable: true, delivery: parsed.data }
    : { usable: false, found: given, errors: schemaErrors(parsed.error) };
}
