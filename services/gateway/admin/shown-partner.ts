// A partner as the API shows it: what is configured without its secrets, what is wrong with it, and how it fares.
import type { PartnerId } from "#domain/ids.ts";
import { configErrors } from "#domain/partner/config-errors.ts";
import type { ConfiguredPartner } from "#domain/partner/configured.ts";
import { withoutSecrets } from "#domain/partner/secrets.ts";
import { type OpenedDelivery, openedDelivery, sealedIn } from "#domain/partner/stored-delivery.ts";
import { partnerConfigContext } from "#domain/seal-contexts.ts";
import type { Bus } from "#platform/bus/bus.ts";
import { partnerMailbox } from "#platform/bus/subjects.ts";
import type { Vault } from "#platform/vault/vault.ts";
import type { PartnerCounts } from "#projections/partners/query.ts";

interface ShownPartnerParts {
  readonly vault: Pick<Vault, "open">;
  readonly bus: Pick<Bus, "consumerState">;
}

const UNREADABLE = [{ path: "", message: "What is stored can't be read; configure it again" }];

export async function openDelivery(
  id: PartnerId,
  stored: ConfiguredPartner["delivery"],
  vault: ShownPartnerParts["vault"],
): Promise<OpenedDelivery> {
  if (stored === undefined) return { usable: false, errors: UNREADABLE };
  const sealed = sealedIn(stored);
  return openedDelivery(stored, sealed && (await vault.open(sealed, partnerConfigContext(id))));
}

export async function shownPartner(
  id: PartnerId,
  partner: ConfiguredPartner,
  { partner: _, circuit: circuit_state, ...figures }: PartnerCounts,
  { vault, bus }: ShownPartnerParts,
): Promise<object> {
  const { config, standing } = partner;
  // One that can't be opened must not hide the others.
  const opened = await openDelivery(id, partner.delivery, vault).catch(
    () => ({ usable: false, errors: UNREADABLE }) as const,
  );
  const delivery = opened.usable ? opened.delivery : undefined;
  const errors = opened.usable ? configErrors({ ...config, delivery: opened.delivery }) : opened.errors;
  return {
    id,
    ...config,
    delivery: delivery === undefined ? null : withoutSecrets(delivery),
    signed: delivery?.secret !== undefined,
    ...(errors.length > 0 && { errors }),
    circuit_state,
    paused: standing === "paused",
    queue_depth: await bus
      .consumerState(partnerMailbox(id))
      .then(waiting)
      .catch(() => 0),
    ...figures,
  };
}

/** How many wait in a mailbox, or are being delivered. */
export const waiting = (
  queue: { readonly pending: number; readonly ackPending: number } | undefined,
): number => (queue === undefined ? 0 : queue.pending + queue.ackPending);
