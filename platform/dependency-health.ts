// Which of the parts that a process stands on answer, as a figure: what /readyz says, for who watches and is not balancing load.
import { Gauge } from "prom-client";
import type { Health } from "./health.ts";
import type { Metrics } from "./metrics.ts";

/** Is ready once and for all, and nothing that can be away. */
const START = "start";

/** As it was found when somebody last scraped: a part that does not answer must not hold up the figures of all others. */
export function showDependencies(
  health: Pick<Health, "ready">,
  { registry }: Pick<Metrics, "registry">,
): void {
  let found: Awaited<ReturnType<Health["ready"]>>["dependencies"] = {};
  const look = (): void =>
    void health.ready().then(({ dependencies }) => {
      found = dependencies;
    });
  new Gauge({
    name: "switchyard_dependency_up",
    help: "1 where a part that the process stands on answers, 0 where it does not; of several processes the worst",
    labelNames: ["dependency"],
    aggregator: "min",
    registers: [registry],
    collect() {
      look();
      for (const [dependency, { ok }] of Object.entries(found))
        if (dependency !== START) this.set({ dependency }, ok ? 1 : 0);
    },
  });
  look();
}
