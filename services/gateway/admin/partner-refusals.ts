// Why a partner is not configured or removed: another was faster, or rules still lead there.
import type { PartnerId } from "#domain/ids.ts";
import { PARTNER_CONFIG_STREAM } from "#domain/partner/config.ts";
import type { ConfiguredPartner, ConfigureRefusal } from "#domain/partner/configured.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import { type Refusal, refusal } from "../refusal.ts";

export class DeliveryChanged extends Error {
  override name = "DeliveryChanged";
  readonly delivery: ConfiguredPartner["delivery"];

  constructor(delivery: ConfiguredPartner["delivery"]) {
    super("somebody else has configured the partner meanwhile");
    this.delivery = delivery;
  }
}

export class VersionMoved extends Error {
  override name = "VersionMoved";
  readonly version: number;

  constructor(version: number) {
    super("the partner is at another version than was expected");
    this.version = version;
  }
}

export function refusalOf(refused: ConfigureRefusal): Refusal {
  switch (refused.reason) {
    case "no_such_partner":
      return refusal("not_found");
    case "delivery_changed":
      throw new DeliveryChanged(refused.delivery);
    case "version_moved":
      throw new VersionMoved(refused.version);
    case "rules_route_to_it": {
      const detail = `These rules still route to this partner: ${refused.rules.join(", ")}`;
      return refusal("conflict", { detail });
    }
  }
}

/** Nearly always it was a moment ago; who it was long before nobody needs to know. */
const NEWEST = 200;

/** With who has configured it meanwhile, and when. */
export async function versionMoved(
  eventStore: Pick<EventStore, "readStreamBackwards">,
  partner: PartnerId,
  version: number,
): Promise<Refusal> {
  if (version === 0)
    return refusal("version_moved", {
      detail: "There is no such partner any more; to make it again, expect version 0",
      more: { version },
    });
  const newest = await eventStore.readStreamBackwards(PARTNER_CONFIG_STREAM, NEWEST);
  const last = newest.find(
    ({ type, data }) => type === "PartnerConfigured" && (data as { partner?: unknown }).partner === partner,
  );
  const { by, at } = last?.metadata ?? {};
  const who = by === undefined ? "" : `, configured by ${by}`;
  return refusal("version_moved", {
    detail: `The partner is at version ${version} now${who}; look at what changed, and try again with that version`,
    more: { version, ...(by !== undefined && { by }), ...(at !== undefined && { at }) },
  });
}
