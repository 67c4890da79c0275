// A yard without roles: its parts, a load generator and partners. Roles are started one after the other, each on what those before left.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { PartnerId, RuleId } from "#domain/ids.ts";
import type { Rule } from "#domain/rules/rule.ts";
import type { Role } from "#platform/config.ts";
import { type NodeProcess, startNode } from "../../harness/process.ts";
import { yardEnvironment } from "../../harness/yard-environment.ts";
import { type PartnerYard, startPartnerYard } from "../../partners/yard.ts";
import { childrenOf } from "../eventstore/measure.ts";
import { type Bench, startBench } from "../pipeline/bench.ts";
import { PARTNERS, RANGES, SOURCE } from "../pipeline/submissions.ts";
import type { Pids } from "./window.ts";

export interface RoleProcesses {
  readonly pids: readonly number[];
  readonly urls: readonly string[];
  /** To the core that leaveCore left, or to where all else is. */
  move(to: "core of its own" | "the others"): void;
  /** They finish what they have begun. */
  stop(): Promise<void>;
}

export interface Stage {
  readonly yard: PartnerYard;
  readonly bench: Bench;
  /** All but the roles. */
  readonly parts: Pids;
  /** Where all else is. */
  start(role: Role, processes: number): Promise<RoleProcesses>;
  /** Leaves the first core to the role that is measured; or gives every core back. */
  leaveCore(isLeft: boolean): void;
  stop(): Promise<void>;
}

const MAIN = new URL("../../../services/main.ts", import.meta.url).pathname;
/** As the launcher does it. */
const NODE_OPTIONS = "--max-semi-space-size=128";
const LEAD_PARTITIONS = 16;

/** That this process may run on. */
export const CORES: readonly number[] = allowedCores();

export async function startStage(): Promise<Stage> {
  const bench = await startBench();
  const yard = await startPartnerYard({ leadPartitions: LEAD_PARTITIONS }, { durable: true }).catch(
    async (error: unknown) => {
      await bench.stop();
      throw error;
    },
  );
  const { nats, store, postgres } = yard.parts;
  const running = new Set<NodeProcess>();
  let started = 0;
  for (const id of PARTNERS)
    await yard.configure(id, {
      delivery: { type: "http", url: `${bench.partnersUrl}/partners/${id}` },
      limits: { concurrency: 64 },
    });
  const rules = RANGES.map(
    ({ partner, from, to }, n): Rule => ({
      ...{ id: RuleId.parse(partner), name: partner, priority: n + 1, enabled: true },
      when: { combinator: "and", rules: [{ field: "amount", operator: "between", value: [from, to] }] },
      route: { to: PartnerId.parse(partner) },
    }),
  );
  await yard.rules(...rules);
  const parts = {
    "event store": [store.pid],
    PostgreSQL: [postgres.pid],
    NATS: [nats.pid],
    "load generator": [bench.generator.pid],
    partners: [bench.partners.pid],
    benchmark: [process.pid],
  };
  const env = {
    ...yardEnvironment(yard.config),
    NODE_OPTIONS,
    LEAD_PARTITIONS: `${LEAD_PARTITIONS}`,
    SOURCES: `${SOURCE}:${bench.secret}`,
    LOG_LEVEL: "warn",
  };
  let others: readonly number[] = CORES;

  return {
    yard,
    bench,
    parts,
    async start(role, processes) {
      const nodes = await Promise.all(
        Array.from({ length: processes }, () => {
          started += 1;
          return startNode(MAIN, { ...env, ROLES: role, INSTANCE: `${role}-${started}` });
        }),
      );
      const move = (cores: readonly number[]): void => {
        for (const { pid } of nodes) pin(pid, cores);
      };
      for (const node of nodes) running.add(node);
      move(others);
      return {
        pids: nodes.map(({ pid }) => pid),
        urls: nodes.map(({ url }) => url),
        move: (to) => move(to === "the others" ? others : CORES.slice(0, 1)),
        async stop() {
          await Promise.all(nodes.map((node) => node.stop()));
          for (const node of nodes) running.delete(node);
        },
      };
    },
    leaveCore(isLeft) {
      others = isLeft ? CORES.slice(1) : CORES;
      if (others.length === 0)
        throw new Error("a role can't have a core of its own on a machine with one core");
      for (const pid of Object.values(parts).flat()) pin(pid, others);
    },
    async stop() {
      await Promise.all([...running].map((node) => node.kill()));
      await yard.stop();
      await bench.stop();
    },
  };
}

/** With its threads and children. */
function pin(pid: number, cores: readonly number[]): void {
  if (pid !== process.pid) for (const child of childrenOf(pid)) pin(child, cores);
  execFileSync("taskset", ["-acp", cores.join(","), `${pid}`], { stdio: "ignore" });
}

function allowedCores(): number[] {
  const [, list = ""] = /^Cpus_allowed_list:\s+(\S+)/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  return list.split(",").flatMap((range) => {
    const [from = 0, to = from] = range.split("-").map(Number);
    return Array.from({ length: to - from + 1 }, (_, n) => from + n);
  });
}
