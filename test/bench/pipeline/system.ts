// What is measured: a system that takes submissions in over HTTP and delivers them to the partners.
import type { Family } from "./processes.ts";
import type { ReadModels } from "./read-models.ts";

export const SYSTEMS = ["yard", "bullmq-everysec", "bullmq-always", "bullmq-history"] as const;
export type SystemName = (typeof SYSTEMS)[number];

/** What every system is given. */
export interface Surroundings {
  readonly secret: string;
  /** Where partner `id` is: `<partnersUrl>/partners/<id>`. */
  readonly partnersUrl: string;
}

export interface RunningSystem {
  readonly url: string;
  families(): readonly Family[];
  /** Where it has any that can be read. */
  readonly readModels?: ReadModels;
  stop(): Promise<void>;
}
