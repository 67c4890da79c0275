// Which partners this process owns: an actor for each is opened when its lease is gained, told of what people decide, and closed when the
// lease is lost.
import { PartnerId } from "#domain/ids.ts";
import type { ConfiguredPartner, ConfiguredPartners } from "#domain/partner/configured.ts";
import type { Lease, LeaseHolder, LeaseOptions } from "#platform/leases.ts";
import type { LiveView } from "#platform/live-view.ts";
import type { Actor } from "./actor.ts";
import type { Retirement } from "./retirement.ts";

export interface OwnersParts {
  readonly partners: Pick<LiveView<ConfiguredPartners>, "current" | "onChange">;
  readonly retirement: Pick<Retirement, "isOwed" | "isRetired" | "confirmOwed" | "review">;
  readonly start: (partner: PartnerId, lease: Lease) => Promise<Actor>;
  readonly hold: (events: Pick<LeaseOptions, "names" | "onGained" | "onLost">) => LeaseHolder;
}

export interface Owners {
  owned(): PartnerId[];
  /** After whatever may have changed who needs an owner. */
  review(): void;
  close(): Promise<void>;
}

export function ownPartners({ partners, retirement, start, hold }: OwnersParts): Owners {
  const actors = new Map<PartnerId, Actor>();
  /** Gained with nothing left to do: nobody works for them until their lease is given back, whatever people decide meanwhile. */
  const toGiveBack = new Set<PartnerId>();

  function needsOwner(id: PartnerId, partner: ConfiguredPartner): boolean {
    if (toGiveBack.has(id)) return false;
    if (partner.standing !== "removed") return true;
    return retirement.isOwed(partner) || (actors.has(id) && !retirement.isRetired(partner));
  }

  async function isOver(id: PartnerId): Promise<boolean> {
    const partner = partners.current().get(id);
    return partner?.standing === "removed" && !(await retirement.confirmOwed(id, partner));
  }

  const leases = hold({
    names: () => [...partners.current()].filter(([id, one]) => needsOwner(id, one)).map(([id]) => id),
    async onGained(name, lease) {
      const partner = PartnerId.parse(name);
      if (await isOver(partner)) {
        toGiveBack.add(partner);
        leases.review();
        return;
      }
      const actor = await start(partner, lease);
      actors.set(partner, actor);
      // A change that came while it was opened was told to nobody.
      actor.refresh();
    },
    async onLost(name) {
      const partner = PartnerId.parse(name);
      toGiveBack.delete(partner);
      const actor = actors.get(partner);
      actors.delete(partner);
      await actor?.close();
    },
  });
  const stopListening = partners.onChange(() => {
    retirement.review();
    leases.review();
    for (const actor of actors.values()) actor.refresh();
  });
  return {
    owned: () => [...actors.keys()],
    review: () => leases.review(),
    async close() {
      stopListening();
      await leases.close();
    },
  };
}
