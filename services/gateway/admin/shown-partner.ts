// A partner as the API shows it: what is configured without its secrets, what is wrong with that, and how the partner fares.
import { z } from "zod";
import { PartnerId } from "#domain/ids.ts";
import { PartnerConfig } from "#domain/partner/config.ts";
import { configErrors } from "#domain/partner/config-errors.ts";
import type { ConfiguredPartner } from "#domain/partner/configured.ts";
import { ShownDelivery, withoutSecrets } from "#domain/partner/delivery-config.ts";
import { CapsUsed } from "#domain/partner/request.ts";
import { type OpenedDelivery, openedDelivery, sealedIn } from "#domain/partner/stored-delivery.ts";
import { partnerConfigContext } from "#domain/seal-contexts.ts";
import type { Bus } from "#platform/bus/bus.ts";
import { partnerMailbox } from "#platform/bus/subjects.ts";
import type { Vault } from "#platform/vault/vault.ts";
import type { PartnerCounts } from "#projections/partners/query.ts";
import { responseSchemas } from "../http/route-schema.ts";
import { capsUsedBy } from "./partner-owner.ts";

const Wrong = z.object({ path: z.string(), message: z.string() });
const count = z.int().nonnegative();

export const Partner = PartnerConfig.extend({
  id: PartnerId,
  version: z
    .int()
    .positive()
    .meta({ description: "Another one with each configuration; see expected_version" }),
  delivery: ShownDelivery.nullable().meta({ description: "Null where what is stored can't be used" }),
  signed: z.boolean(),
  errors: z.array(Wrong).optional().meta({ description: "What is wrong with the configuration" }),
  circuit_state: z.enum(["closed", "open", "half_open"]),
  paused: z.boolean(),
  paused_reason: z.string().optional(),
  queue_depth: count.meta({ description: "Those that wait in its mailbox, or for a time" }),
  held: count.meta({ description: "Those that wait for its caps or schedule" }),
  in_flight: count,
  retry_at: z.iso.datetime().optional(),
  delivered: count,
  failed: count,
  dead_lettered: count,
  duplicates: count,
  caps_used: CapsUsed.optional().meta({
    description: "Of each cap that is configured; absent while the owner of the partner does not say",
  }),
}).register(responseSchemas, { id: "Partner" });
type Partner = z.infer<typeof Partner>;
export const Partners = z.object({ items: z.array(Partner) }).register(responseSchemas, { id: "Partners" });

const UNREADABLE = [{ path: "", message: "What is stored can't be read; configure it again" }];

export async function openDelivery(
  id: PartnerId,
  stored: ConfiguredPartner["delivery"],
  vault: Pick<Vault, "openReadable">,
): Promise<OpenedDelivery> {
  if (stored === undefined) return { usable: false, found: undefined, errors: UNREADABLE };
  const sealed = sealedIn(stored);
  const [opened] = await vault.openReadable(
    sealed === undefined ? [] : [{ sealed, context: partnerConfigContext(id) }],
  );
  return openedDelivery(stored, opened);
}

export async function shownPartner(
  id: PartnerId,
  { config, version, delivery: stored, standing, paused_reason }: ConfiguredPartner,
  { partner: _, circuit: circuit_state, delayed, ...figures }: PartnerCounts,
  { vault, bus }: { readonly vault: Vault; readonly bus: Bus },
): Promise<Partner> {
  const opened = await openDelivery(id, stored, vault);
  const delivery = opened.usable ? opened.delivery : undefined;
  const errors = opened.usable ? configErrors({ ...config, delivery: opened.delivery }) : opened.errors;
  const [queue, caps_used] = await Promise.all([
    bus.consumerState(partnerMailbox(id)).catch(() => undefined),
    config.caps === undefined ? {} : capsUsedBy(id, bus),
  ]);
  return {
    id,
    version,
    ...config,
    delivery: delivery === undefined ? null : withoutSecrets(delivery),
    signed: delivery !== undefined && "secret" in delivery,
    ...(errors.length > 0 && { errors: [...errors] }),
    circuit_state,
    paused: standing === "paused",
    ...(paused_reason !== undefined && { paused_reason }),
    queue_depth: waitingIn(queue) + delayed,
    ...figures,
    ...(caps_used && { caps_used }),
  };
}

/** How many wait in a mailbox, or are being delivered. */
export const waitingIn = (queue: Awaited<ReturnType<Bus["consumerState"]>>): number =>
  queue === undefined ? 0 : queue.pending + queue.ackPending;
