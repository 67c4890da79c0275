// How each partner has fared so far.
import type { Database } from "#platform/database.ts";

export interface PartnerCounts {
  readonly partner: string;
  readonly delivered: number;
  /** Attempts that did not succeed, whether the partner failed or declined. */
  readonly failed: number;
  readonly dead_lettered: number;
  readonly duplicates: number;
  readonly circuit: "closed" | "open" | "half_open";
  /** When an open circuit lets a probe through. */
  readonly retry_at?: string;
  /** Called and not answered yet. */
  readonly in_flight: number;
}

export interface PartnerQueries {
  /** A partner that nothing was ever sent to has counts of 0 and a closed circuit. */
  byId(partner: string): Promise<PartnerCounts>;
  all(): Promise<ReadonlyMap<string, PartnerCounts>>;
}

export function createPartnerQueries(_parts: { readonly database: Database }): PartnerQueries {
  throw new Error("not yet");
}
