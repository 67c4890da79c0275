// Why a partner is not configured or removed: another was faster, or rules still lead there.
import type { ConfiguredPartner, ConfigureRefusal } from "#domain/partner/configured.ts";
import { type Refusal, refusal } from "../refusal.ts";
import { VersionMoved } from "./version-moved.ts";

export class DeliveryChanged extends Error {
  override name = "DeliveryChanged";
  readonly delivery: ConfiguredPartner["delivery"];

  constructor(delivery: ConfiguredPartner["delivery"]) {
    super("somebody else has configured the partner meanwhile");
    this.delivery = delivery;
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
