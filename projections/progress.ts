// How far each read model is, and how to have one built anew.
import type { Bus } from "#platform/bus/bus.ts";
import type { Database } from "#platform/database.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";

export interface ProjectionProgress {
  readonly name: string;
  readonly position: string;
  /** Events in the log that it has yet to take in. */
  readonly lag: number;
  /** When it was last built from the beginning. */
  readonly rebuilt_at: string | null;
  /** How far a rebuild that is under way has come. */
  readonly rebuilding?: { readonly position: string };
}

export interface ProgressQueries {
  list(): Promise<ProjectionProgress[]>;
}

export function createProgressQueries(_parts: {
  readonly database: Database;
  readonly eventStore: EventStore;
}): ProgressQueries {
  throw new Error("not yet");
}

/** Resolves when the rebuild has begun, which survives every crash. Throws BusError when no process runs the projection. */
export function requestRebuild(_bus: Bus, _name: string): Promise<"begun" | "unknown_projection"> {
  throw new Error("not yet");
}
