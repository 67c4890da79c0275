// Lead actors: one per submission, many to a partition. Whoever holds a partition's lease works off its mailbox.
import { holdLeases } from "#platform/leases.ts";
import { openMailSignature } from "#platform/mail-signature.ts";
import { startStep } from "#platform/start-step.ts";
import type { Serving, Yard } from "#platform/yard.ts";
import { askIdentity } from "./ask-identity.ts";
import { openContexts } from "./contexts.ts";
import { openPartition, type Partition } from "./partition.ts";
import { createRoom } from "./room.ts";
import { askedServices } from "./routing-services.ts";
import { routingView } from "./routing-view.ts";
import { openSuppressions } from "./suppressions.ts";

/** How long a partition may lie idle when its owner dies, but for the moments of taking it over. */
const LEASE_MS = 4_000;
/** Four full batches. On two busy cores these are half a second of work, and whoever waits for them gives up only after many. */
const MAX_AT_ONCE = 512;

export async function startLeads(yard: Yard): Promise<Serving> {
  const { log, config, metrics, health, lifecycle } = yard;
  const [bus, vault, routable] = await Promise.all([yard.bus(), yard.vault(), routingView(yard)]);
  const following = new AbortController();
  lifecycle.own("lookups", () => following.abort());
  const looking = { eventStore: yard.eventStore(), vault, signal: following.signal };
  const [contexts, suppressions] = await Promise.all([
    startStep(yard, "contexts", () => openContexts(looking)),
    startStep(yard, "suppressions", () => openSuppressions(looking)),
  ]);
  const services = askedServices({ allowPrivate: config.allowPrivatePartners, log });
  lifecycle.own("routing services", () => services.close());
  const parts = {
    bus,
    contexts,
    suppressions,
    askService: services.ask,
    signature: await startStep(yard, "mail signature", () => openMailSignature(yard.database())),
    vault,
    routable,
    eventStore: yard.eventStore(),
    identity: askIdentity(bus, vault),
    room: createRoom(MAX_AT_ONCE),
    maxTries: { identify: config.identifyMaxRetries, route: config.routingMaxRetries },
    metrics,
    health,
    log,
  };
  const names = Array.from({ length: config.leadPartitions }, (_, n) => `${n}`);
  const open = new Map<string, Partition>();

  const leases = holdLeases({
    bus,
    group: "leads",
    names: () => names,
    instance: config.instance,
    ttlMs: LEASE_MS,
    log,
    async onGained(name, lease) {
      open.set(name, await openPartition(Number(name), parts, lease));
    },
    async onLost(name) {
      await open.get(name)?.close();
      open.delete(name);
    },
  });
  lifecycle.own("leads", () => leases.close());
  return {};
}
