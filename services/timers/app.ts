// The role that sets going again what waits: deliveries whose time has come, and dead letters that an operator wants moved. Each is done by
// one process, by lease; others stand by.
import { holdLeases } from "#platform/leases.ts";
import type { Serving, Yard } from "#platform/yard.ts";
import { createMovingQueries } from "#projections/dead-letters/moving.ts";
import { createTimerQueries } from "#projections/timers/query.ts";
import { mailDueWhile } from "./mail-due.ts";
import { moveDeadLettersWhile } from "./move-dead-letters.ts";

export async function startTimers(yard: Yard): Promise<Serving> {
  const { config, lifecycle, log } = yard;
  const bus = await yard.bus();
  const [database, eventStore] = [yard.database(), yard.eventStore()];
  const timers = createTimerQueries({ database });
  const letters = createMovingQueries({ database });
  const work: Readonly<Record<string, (signal: AbortSignal) => Promise<void>>> = {
    clock: (signal) => mailDueWhile({ bus, eventStore, timers, log }, signal),
    dead_letters: (signal) => moveDeadLettersWhile({ bus, eventStore, letters, log }, signal),
  };
  const working = new Map<
    string,
    { readonly stop: AbortController; readonly done: Promise<void> | undefined }
  >();

  const leases = holdLeases({
    bus,
    group: "timers",
    names: () => Object.keys(work),
    instance: config.instance,
    async onGained(name, lease) {
      const stop = new AbortController();
      working.set(name, { stop, done: work[name]?.(AbortSignal.any([stop.signal, lease.lost])) });
    },
    async onLost(name) {
      const one = working.get(name);
      working.delete(name);
      one?.stop.abort();
      await one?.done;
    },
    log,
  });
  lifecycle.own("timers", () => leases.close());
  return {};
}
