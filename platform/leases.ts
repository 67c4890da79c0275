// Who owns what, for a while: leases on NATS KV, shared fairly among the processes of a group.
import type { Bus } from "./bus/bus.ts";
import type { Log } from "./log.ts";

export interface Lease {
  readonly name: string;
  /** Grows with every acquisition: a later owner's is higher. */
  readonly token: number;
  /** On the clock of performance.now(). */
  expiresAt(): number;
  /** Aborted as soon as this process may not act for the name any more. */
  readonly lost: AbortSignal;
}

export interface LeaseOptions {
  readonly bus: Bus;
  /** Processes of the same group share the names among them. */
  readonly group: string;
  /** May change while it runs. */
  readonly names: () => readonly string[];
  readonly instance: string;
  /** 5 s unless told. */
  readonly ttlMs?: number;
  /** This process takes no more than so many. */
  readonly capacity?: number;
  readonly onGained: (name: string, lease: Lease) => Promise<void>;
  /** Awaited before the name is given to another. */
  readonly onLost: (name: string) => Promise<void>;
  readonly log: Log;
}

export interface LeaseHolder {
  readonly held: ReadonlyMap<string, Lease>;
  /** Ends the work on everything held, then releases it. */
  close(): Promise<void>;
}

export function holdLeases(_options: LeaseOptions): LeaseHolder {
  throw new Error("not yet");
}
