// The one place where streams and buckets are declared.
import type { JetStreamManager } from "nats";

export type StreamName = "YARD" | "SUBMISSIONS";
export type BucketName = "leases" | "members";

export interface TopologyOptions {
  /** 1 on a single server, 3 in a cluster. */
  readonly replicas?: number;
  readonly maxBytes?: number;
}

/** Creates or updates all of it; several processes may do so at once. */
export function ensureTopology(_manager: JetStreamManager, _options?: TopologyOptions): Promise<void> {
  throw new Error("not yet");
}
