// The dedupe key of a delivery, as it is kept: hashed with a key, since it may hold personal data.
import type { PartnerSettings } from "#domain/partner/config.ts";
import { dedupeKeyOf } from "#domain/partner/dedupe.ts";
import { factsOf } from "#domain/submission/route.ts";
import type { Vault } from "#platform/vault/vault.ts";
import type { DeliveryMail } from "./read-mail.ts";

/** Each is made once, unless the partner is configured otherwise meanwhile. */
export function createDedupeKeys(
  vault: Pick<Vault, "fingerprint">,
  config: () => PartnerSettings,
): (delivery: DeliveryMail) => string {
  const made = new WeakMap<DeliveryMail, { readonly config: PartnerSettings; readonly key: string }>();
  return (delivery) => {
    const { about, content } = delivery;
    const known = made.get(delivery);
    if (known?.config === config()) return known.key;
    if (!content.readable) throw new Error("what can't be read has no dedupe key");
    const { dedupe } = config();
    const text = dedupeKeyOf(dedupe, factsOf(content.submission), content.routed);
    const key = vault.fingerprint(`dedupe ${about.partner}`, text);
    made.set(delivery, { config: config(), key });
    return key;
  };
}
