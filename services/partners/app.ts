// The role that delivers: one actor for each partner, each partner owned by one process at a time.

import { PartnerId } from "#domain/ids.ts";
import type { Bus } from "#platform/bus/bus.ts";
import { partnerMailbox } from "#platform/bus/subjects.ts";
import { holdLeases } from "#platform/leases.ts";
import type { Serving, Yard } from "#platform/yard.ts";
import { type Actor, startActor } from "./actor.ts";
import { type Entry, watchPartners } from "./directory.ts";

const DEPTH_EVERY_MS = 5_000;

export async function startPartners(yard: Yard): Promise<Serving> {
  const { config, lifecycle, log } = yard;
  const [bus, vault] = await Promise.all([yard.bus(), yard.vault()]);
  const directory = await watchPartners(yard, vault);
  const actors = new Map<PartnerId, Actor>();

  const entryOf = (partner: PartnerId): Entry => {
    const entry = directory.current().get(partner);
    if (entry === undefined) throw new Error(`partner ${partner} is not configured`);
    return entry;
  };

  const leases = holdLeases({
    bus,
    group: "partners",
    names: () => [...directory.current().keys()],
    instance: config.instance,
    onGained: async (name, lease) => {
      const partner = PartnerId.parse(name);
      actors.set(
        partner,
        await startActor({ partner, entry: () => entryOf(partner), lease, yard, bus, vault }),
      );
    },
    onLost: async (name) => {
      const partner = PartnerId.parse(name);
      const actor = actors.get(partner);
      actors.delete(partner);
      await actor?.close();
    },
    log,
  });
  const forget = directory.onChange(() => {
    leases.review();
    for (const actor of actors.values()) actor.refresh();
  });
  const stopWatching = watchDepths(yard, bus, () => [...actors.keys()]);
  lifecycle.own("partners", async () => {
    forget();
    stopWatching();
    await leases.close();
  });
  return {};
}

/** How much waits for each of the partners that this process owns. */
function watchDepths({ metrics, log }: Yard, bus: Bus, partners: () => readonly PartnerId[]): () => void {
  const shown = new Set<string>();
  async function look(): Promise<void> {
    const owned = partners();
    for (const partner of owned) {
      const state = await bus.consumerState(partnerMailbox(partner));
      metrics.queueDepth.set({ queue: `partner:${partner}` }, state ? state.pending + state.ackPending : 0);
      shown.add(partner);
    }
    for (const partner of [...shown].filter((one) => !owned.some((own) => own === one))) {
      metrics.queueDepth.remove({ queue: `partner:${partner}` });
      shown.delete(partner);
    }
  }
  const timer = setInterval(() => {
    look().catch((error: unknown) => log.debug({ err: error }, "queues were not counted"));
  }, DEPTH_EVERY_MS);
  return () => clearInterval(timer);
}
