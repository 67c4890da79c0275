// The relay: what somebody must react to goes from the log into their mailbox. One relay works, the others stand by.

import { holdLeases } from "#platform/leases.ts";
import { openMailSignature } from "#platform/mail-signature.ts";
import { startStep } from "#platform/start-step.ts";
import type { Serving, Yard } from "#platform/yard.ts";
import { createUnfinishedQueries } from "#projections/unfinished/query.ts";
import { relayWhile } from "./relay.ts";

export async function startRelay(yard: Yard): Promise<Serving> {
  const { log, metrics, config, lifecycle } = yard;
  const bus = await yard.bus();
  const parts = {
    bus,
    eventStore: yard.eventStore(),
    unfinished: createUnfinishedQueries({ database: yard.database() }),
    partitions: config.leadPartitions,
    publishFacts: config.publishFacts,
    signature: await startStep(yard, "mail signature", () => openMailSignature(yard.database())),
    metrics,
    log,
  };
  let working: { readonly stop: AbortController; readonly done: Promise<void> } | undefined;

  const leases = holdLeases({
    bus,
    group: "relay",
    names: () => ["log"],
    instance: config.instance,
    log,
    async onGained(_name, lease) {
      const stop = new AbortController();
      working = { stop, done: relayWhile(parts, AbortSignal.any([stop.signal, lease.lost])) };
    },
    async onLost() {
      working?.stop.abort();
      await working?.done;
    },
  });
  lifecycle.own("relay", () => leases.close());
  return {};
}
