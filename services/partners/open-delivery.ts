// A partner's delivery in the clear.
import type { PartnerId } from "#domain/ids.ts";
import type { ConfiguredPartner } from "#domain/partner/configured.ts";
import { type OpenedDelivery, openedDelivery, sealedIn } from "#domain/partner/stored-delivery.ts";
import { partnerConfigContext } from "#domain/seal-contexts.ts";
import type { Vault } from "#platform/vault/vault.ts";

const UNREADABLE: OpenedDelivery = {
  usable: false,
  found: undefined,
  errors: [{ path: "", message: "what is stored can't be read; configure it again" }],
};

/** Rejects while its keys can't be had. */
export async function openDelivery(
  partner: PartnerId,
  { delivery }: ConfiguredPartner,
  vault: Pick<Vault, "openReadable">,
): Promise<OpenedDelivery> {
  if (delivery === undefined) return UNREADABLE;
  const sealed = sealedIn(delivery);
  const context = partnerConfigContext(partner);
  const [opened] = await vault.openReadable(sealed === undefined ? [] : [{ sealed, context }]);
  return openedDelivery(delivery, opened);
}
