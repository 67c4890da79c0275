// What people ask about leads; each answer stands in the contract's shape.
import type { Database } from "#platform/database.ts";
import type { Vault } from "#platform/vault/vault.ts";

export interface Lead {
  readonly id: string;
  readonly kind: string;
  readonly source: string;
  readonly status: string;
  readonly person_id?: string;
  readonly alias_id?: string;
  readonly partner?: string;
  readonly attempts: number;
  readonly reason?: string;
  readonly price?: number;
  readonly received_at: string;
  readonly updated_at: string;
  /** The body as it came; null once the person is forgotten. */
  readonly payload: unknown;
  /** Only there, and true, where the key of the payload was destroyed. */
  readonly forgotten?: true;
}

export interface LeadFilter {
  readonly status?: string | undefined;
  readonly partner?: string | undefined;
  readonly source?: string | undefined;
  readonly kind?: string | undefined;
  readonly person_id?: string | undefined;
  /** An id, an e-mail address, a phone number or a full name, exactly. */
  readonly q?: string | undefined;
  /** 1 to 200. */
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export interface LeadPage {
  readonly items: Lead[];
  readonly next_cursor?: string;
}

export interface Timings {
  readonly total_ms: number;
  readonly partner_ms: number;
  readonly overhead_ms: number;
}

/** One event; beside these fields it has those of the event that are not personal. */
export interface TimelineItem {
  readonly position: string;
  readonly at: string;
  readonly type: string;
  readonly attempt?: number;
  readonly request?: unknown;
  readonly response?: unknown;
  readonly timings?: Timings;
  readonly [field: string]: unknown;
}

export interface LeadQueries {
  byId(id: string): Promise<Lead | undefined>;
  /** Newest first. Throws InvalidCursor. */
  list(filter: LeadFilter): Promise<LeadPage>;
  /** Undefined when there is no such lead. */
  timeline(id: string): Promise<{ readonly items: TimelineItem[] } | undefined>;
  /** How far into the log these answers reach. */
  position(): Promise<bigint>;
  /** True once the answers reach at least so far; false when that took longer. */
  reached(position: bigint, timeoutMs: number): Promise<boolean>;
}

export class InvalidCursor extends Error {
  override name = "InvalidCursor";
}

export function createLeadQueries(_parts: {
  readonly database: Database;
  readonly vault: Vault;
}): LeadQueries {
  throw new Error("not yet");
}
