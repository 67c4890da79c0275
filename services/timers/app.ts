// The role that mails what is due: whatever waits longer than a minute is in nobody's memory and in no mailbox meanwhile. One process
// does it, by lease; others stand by.
import { holdLeases } from "#platform/leases.ts";
import type { Serving, Yard } from "#platform/yard.ts";
import { createTimerQueries } from "#projections/timers/query.ts";
import { mailDueWhile } from "./mail-due.ts";

export async function startTimers(yard: Yard): Promise<Serving> {
  const { config, lifecycle, log } = yard;
  const bus = await yard.bus();
  const parts = {
    bus,
    eventStore: yard.eventStore(),
    timers: createTimerQueries({ database: yard.database() }),
    log,
  };
  let working: { readonly stop: AbortController; readonly done: Promise<void> } | undefined;

  const leases = holdLeases({
    bus,
    group: "timers",
    names: () => ["clock"],
    instance: config.instance,
    async onGained(_name, lease) {
      const stop = new AbortController();
      working = { stop, done: mailDueWhile(parts, AbortSignal.any([stop.signal, lease.lost])) };
    },
    async onLost() {
      working?.stop.abort();
      await working?.done;
    },
    log,
  });
  lifecycle.own("timers", () => leases.close());
  return {};
}
