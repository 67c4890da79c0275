// The producers and the partners that every system gets, and the systems by name.
import { join } from "node:path";
import { newSecret } from "#platform/webhooks.ts";
import { type Child, startChild } from "./child.ts";
import type { GeneratorApi } from "./generator.ts";
import type { PartnersApi } from "./partners.ts";
import { startQueue } from "./queue.ts";
import type { RunningSystem, Surroundings, SystemName } from "./system.ts";
import { startYard } from "./yard.ts";

export interface Bench extends Surroundings {
  readonly generator: Child<GeneratorApi>;
  readonly partners: Child<PartnersApi>;
  stop(): Promise<void>;
}

const at = (file: string): string => join(import.meta.dirname, file);

export async function startBench(): Promise<Bench> {
  const partners = startChild<PartnersApi>(at("partners.ts"));
  const generator = startChild<GeneratorApi>(at("generator.ts"));
  return {
    secret: newSecret(),
    partnersUrl: await partners.call("start"),
    partners,
    generator,
    async stop() {
      await generator.stop();
      await partners.stop();
    },
  };
}

export interface Layout {
  readonly apart: boolean;
}

/** A fresh one, to which no partner has counted anything yet. */
export async function startSystem(name: SystemName, bench: Bench, layout: Layout): Promise<RunningSystem> {
  await bench.partners.call("reset");
  switch (name) {
    case "yard":
      return startYard({ ...bench, ...layout });
    case "bullmq-everysec":
      return startQueue({ ...bench, fsync: "everysec", withHistory: false });
    case "bullmq-always":
      return startQueue({ ...bench, fsync: "always", withHistory: false });
    case "bullmq-history":
      return startQueue({ ...bench, fsync: "always", withHistory: true });
  }
}
