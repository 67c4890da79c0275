// Load generator and partners, shared by all systems under test, and the systems by name.
import { join } from "node:path";
import { newSecret } from "#platform/webhooks.ts";
import { type Child, startChild } from "./child.ts";
import type { GeneratorApi } from "./generator.ts";
import type { PartnersApi } from "./partners.ts";
import type { ProcessTree } from "./processes.ts";
import { startQueue } from "./queue.ts";
import type { RunningSystem, SystemName, SystemOptions } from "./system.ts";
import { startYard } from "./yard.ts";

export interface Bench extends SystemOptions {
  readonly generator: Child<GeneratorApi>;
  readonly partners: Child<PartnersApi>;
  readonly processTrees: readonly ProcessTree[];
  stop(): Promise<void>;
}

const pathOf = (file: string): string => join(import.meta.dirname, file);

export async function startBench(): Promise<Bench> {
  const partners = startChild<PartnersApi>(pathOf("partners.ts"));
  const generator = startChild<GeneratorApi>(pathOf("generator.ts"));
  return {
    secret: newSecret(),
    partnersUrl: await partners.call("start"),
    partners,
    generator,
    processTrees: [
      { name: "load generator", pid: generator.pid },
      { name: "partners", pid: partners.pid },
    ],
    async stop() {
      await generator.stop();
      await partners.stop();
    },
  };
}

interface Settings {
  readonly apart: boolean;
  readonly concurrency: number;
}

/** Starts it without data, and resets what the partners have counted. */
export async function startSystem(
  name: SystemName,
  { secret, partnersUrl, partners }: Bench,
  { apart, concurrency }: Settings,
): Promise<RunningSystem> {
  await partners.call("reset");
  const queue = { secret, partnersUrl, concurrency };
  switch (name) {
    case "yard":
      return startYard({ secret, partnersUrl, apart });
    case "bullmq-everysec":
      return startQueue({ ...queue, fsync: "everysec", withHistory: false });
    case "bullmq-always":
      return startQueue({ ...queue, fsync: "always", withHistory: false });
    case "bullmq-history":
      return startQueue({ ...queue, fsync: "always", withHistory: true });
  }
}
