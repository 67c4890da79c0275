// A system under test: takes members, and sends each of them one message at the provider.
import type { ProcessTree } from "../pipeline/processes.ts";

export const SYSTEMS = ["yard", "yard-20-slots", "graphile-worker", "bullmq-always"] as const;
export type SystemName = (typeof SYSTEMS)[number];

/** Calls at the provider at the same time. */
export const WORKERS = 20;

export interface Created {
  /** Until all are durable. */
  readonly ms: number;
  /** The longest that anybody else waited for an answer meanwhile; where there is nobody else, undefined. */
  readonly othersMs?: number;
}

export interface JobSystem {
  /** Throws where it adds too few, too many, or says so. `batch` keeps one lot apart from another; the same lot again adds nobody. */
  create(batch: string, count: number, isRepeated: boolean): Promise<Created>;
  /** Lets the workers at them. */
  begin(batch: string): Promise<void>;
  /** Whether it knows itself that all of them are over. */
  isOver(batch: string, count: number): Promise<boolean>;
  processTrees(): readonly ProcessTree[];
  stop(): Promise<void>;
}
