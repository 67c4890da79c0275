// The role that keeps every read model up to date. Each projection is run by one process at a time.
import { Counter } from "prom-client";
import { holdLeases } from "#platform/leases.ts";
import type { Serving, Yard } from "#platform/yard.ts";
import { allProjections } from "#projections/all.ts";
import type { Comparison } from "#projections/comparison.ts";
import { createDeadLetterQueries } from "#projections/dead-letters/query.ts";
import type { OnSkipped } from "#projections/decoding.ts";
import { createLeadQueries } from "#projections/leads/query.ts";
import { rebuildSubject } from "#projections/progress.ts";
import { createTurns } from "./compare-builds.ts";
import { countDeadLetters } from "./dead-letter-gauge.ts";
import { createGroup } from "./group.ts";
import { createRetention } from "./retire-leads.ts";
import { runProjection } from "./runner.ts";
import { shareReading } from "./shared-reading.ts";
import { sweepKeys } from "./sweep-keys.ts";

type End = () => Promise<void>;

export async function startProjections(yard: Yard): Promise<Serving> {
  const { config, metrics, lifecycle, log } = yard;
  const [bus, vault] = await Promise.all([yard.bus(), yard.vault()]);
  const [database, eventStore] = [yard.database(), yard.eventStore()];
  const skipped = new Counter({
    name: "switchyard_projection_skipped_total",
    help: "Events that a projection passed over",
    labelNames: ["projection", "why"],
    registers: [metrics.registry],
  });
  const onSkippedBy =
    (projection: string): OnSkipped =>
    ({ stream, type }, why) => {
      skipped.inc({ projection, why });
      log.debug({ projection, stream, type, why }, "event skipped");
    };
  const projections = new Map(allProjections({ vault, eventStore }).map((one) => [one.name, one]));
  const differences = new Counter({
    name: "switchyard_projection_differences_total",
    help: "Tables of a rebuilt read model that were not equal to those in use",
    labelNames: ["projection"],
    registers: [metrics.registry],
  });
  const onComparedBy =
    (projection: string) =>
    ({ position, equal, tables }: Comparison): void => {
      if (equal) {
        log.info({ projection, position }, "rebuilt read model equals the one in use");
        return;
      }
      const different = tables.filter((table) => !table.equal);
      differences.inc({ projection }, different.length);
      log.error({ projection, position, different }, "rebuilt read model differs from the one in use");
    };
  const turns = createTurns();
  const logForRebuilds = shareReading({ eventStore, log });
  const retention = createRetention({ database, days: config.retainLeadsDays, log });
  const group = createGroup({ database, eventStore, log });
  const leads = createLeadQueries({ database, vault, eventStore });
  const letters = createDeadLetterQueries({
    database,
    vault,
    eventStore,
    keptPayloads: leads.sealedPayloads,
  });
  const running = new Map<string, End>();

  async function run(name: string): Promise<void> {
    const projection = projections.get(name);
    if (projection === undefined) return;
    const runner = runProjection(projection, {
      group,
      database,
      eventStore,
      onSkipped: onSkippedBy(name),
      onCompared: onComparedBy(name),
      turns,
      rebuilds: logForRebuilds,
      ...(name === "leads" && { retire: retention.retire }),
      log,
      onLag: (events) => metrics.projectionLagEvents.set({ projection: name }, events),
    });
    // Whoever runs a projection looks after what is read of it.
    const beside =
      name === "leads"
        ? [sweepKeys({ vault, eventStore, leads, log }), retention.keepUp(name)]
        : name === "dead_letters"
          ? [countDeadLetters({ letters, metrics, log })]
          : [];
    const rebuilds = await bus.serve(rebuildSubject(name), "projections", async () => {
      await runner.rebuild();
      return new Uint8Array();
    });
    running.set(name, async () => {
      await rebuilds.close();
      for (const stop of beside) stop();
      await runner.close();
      metrics.projectionLagEvents.remove({ projection: name });
    });
  }

  const leases = holdLeases({
    bus,
    group: "projections",
    names: () => [...projections.keys()],
    instance: config.instance,
    onGained: run,
    onLost: async (name) => {
      const end = running.get(name);
      running.delete(name);
      await end?.();
    },
    log,
  });
  lifecycle.own("projections", () => leases.close());
  return {};
}
