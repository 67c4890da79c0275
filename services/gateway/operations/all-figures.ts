// The figures of all processes as one scrape: counters and histograms are added up, gauges taken from who knows them, and what is a
// process's own (memory, CPU, garbage collection) is told apart by the label `process`.
//
// 1. A counter never falls because a process ended: what it had counted when it was last asked is kept.
// 2. A process that does not reply in time counts with what it said last.
import { AggregatorRegistry, type Registry } from "prom-client";
import type { Bus } from "#platform/bus/bus.ts";
import { ROLES, type Role } from "#platform/config.ts";
import type { Metrics } from "#platform/metrics.ts";
import { type Family, type Figures, requestFigures } from "#platform/workers/figures.ts";
import type { Workers } from "./workers.ts";

export interface AllFiguresParts {
  readonly bus: Pick<Bus, "broadcast" | "listen" | "connected">;
  readonly workers: Workers;
  readonly metrics: Pick<Metrics, "registry">;
  readonly instance: string;
  /** How long a process may take to reply; 1 s unless told. */
  readonly withinMs?: number;
}

/** As text for Prometheus. */
export type AllFigures = () => Promise<string>;

type Families = readonly Family[];

const WORKER_UP = "switchyard_worker_up";
const WORKER_RESTARTS = "switchyard_worker_restarts_total";

export function gatherFigures({
  bus,
  workers,
  metrics,
  instance,
  withinMs = 1_000,
}: AllFiguresParts): AllFigures {
  const last = new Map<string, Figures>();
  let ended: Families = [];
  let gathering: Promise<string> | undefined;

  /** 1 */
  async function keep(figures: Families): Promise<void> {
    ended = await familiesOf(merge([ended, countsOf(figures)]));
  }

  /** By a clock that was set back the later of two began earlier: then its heartbeats tell. */
  function isOfPredecessor({ instance, began }: Figures, before: Figures): boolean {
    return began < before.began && workers.began(instance) !== began;
  }

  async function gather(): Promise<string> {
    const from = new Set([...workers.reachable()].filter((one) => one !== instance));
    const replies =
      from.size > 0 && bus.connected ? await requestFigures({ bus, by: instance, from, withinMs }) : [];
    const replied = new Set<string>();
    for (const reply of replies) {
      const before = last.get(reply.instance);
      if (before !== undefined && isOfPredecessor(reply, before)) continue;
      if (before !== undefined && before.began !== reply.began) await keep(before.figures);
      last.set(reply.instance, reply);
      replied.add(reply.instance);
    }
    const known = workers.instances();
    for (const [other, { figures }] of last) {
      if (known.has(other) || replied.has(other)) continue;
      await keep(figures);
      last.delete(other);
    }
    const own = await familiesOf(metrics.registry);
    const others = Array.from(
      last,
      ([other, { figures }]) => (replied.has(other) ? ofProcess(figures, other) : countsOf(figures)), // 2
    );
    return merge([ofProcess(own, instance), ...others, ended, workerFigures(workers)]).metrics();
  }

  return () => {
    gathering ??= gather().finally(() => {
      gathering = undefined;
    });
    return gathering;
  };
}

// The types of prom-client leave out what its registries give and take as data.

function merge(parts: readonly Families[]): Registry {
  return AggregatorRegistry.aggregate(parts as unknown as object[]);
}

async function familiesOf(registry: Registry): Promise<Families> {
  return (await registry.getMetricsAsJSON()) as unknown as Family[];
}

const isOwn = ({ name }: Family): boolean => !name.startsWith("switchyard_");
const isOfWorkers = ({ name }: Family): boolean => name === WORKER_UP || name === WORKER_RESTARTS;

function countsOf(figures: Families): Families {
  return figures.filter((one) => one.type !== "gauge" && !isOwn(one) && !isOfWorkers(one));
}

function ofProcess(figures: Families, process: string): Families {
  return figures.flatMap((family) => {
    if (isOfWorkers(family)) return [];
    const values = family.values.filter(({ value }) => value !== null);
    if (!isOwn(family)) return [{ ...family, values }];
    // With the label each stands alone, so that there is nothing to leave out or to put together.
    const labelled = values.map((one) => ({ ...one, labels: { ...one.labels, process } }));
    return [{ ...family, aggregator: "first", values: labelled }];
  });
}

/** Of every role that a yard needs, whether it was ever seen or not. */
function workerFigures(workers: Workers): Families {
  const listed = workers.list();
  const isShown = (role: Role): boolean =>
    role !== "simulator" || workers.restarts(role) > 0 || listed.some((one) => one.role === role);
  const isUp = (role: Role): boolean => listed.some((one) => one.role === role && one.state === "running");
  const byRole = (figure: (role: Role) => number): Family["values"] =>
    ROLES.filter(isShown).map((role) => ({ value: figure(role), labels: { role } }));
  return [
    {
      name: WORKER_UP,
      help: "1 where a process runs the role, 0 where none does",
      type: "gauge",
      aggregator: "max",
      values: byRole((role) => (isUp(role) ? 1 : 0)),
    },
    {
      name: WORKER_RESTARTS,
      help: "How often processes with the role died and were started again",
      type: "counter",
      aggregator: "sum",
      values: byRole(workers.restarts),
    },
  ];
}
