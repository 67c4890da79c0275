// A system under test: takes submissions over HTTP and delivers them to the partners.
import type { ProcessTree } from "./processes.ts";
import type { ReadModels } from "./read-models.ts";

export const SYSTEMS = ["yard", "bullmq-everysec", "bullmq-always", "bullmq-history"] as const;
export type SystemName = (typeof SYSTEMS)[number];

export interface SystemOptions {
  /** Of the source that submits. */
  readonly secret: string;
  /** The partner `id` is at `<partnersUrl>/partners/<id>`. */
  readonly partnersUrl: string;
}

export interface RunningSystem {
  readonly url: string;
  processTrees(): readonly ProcessTree[];
  readonly readModels?: ReadModels;
  stop(): Promise<void>;
}
