// How each partner has fared so far.
import type { Database } from "#platform/database.ts";
import { preparation } from "../checkpoint.ts";
import { nothingYet, type PartnerRow, partnersModel } from "./projection.ts";

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

type Row = Omit<PartnerRow, "retry_at"> & { readonly retry_at: Date | string | null };

export function createPartnerQueries({ database }: { readonly database: Database }): PartnerQueries {
  const ready = preparation(database, partnersModel);
  return {
    async byId(partner) {
      await ready();
      const [row] = await database.query<Row>("select * from partners.partner where partner = $1", [partner]);
      return counts(row ?? nothingYet(partner));
    },
    async all() {
      await ready();
      const rows = await database.query<Row>("select * from partners.partner");
      return new Map(rows.map((row) => [row.partner, counts(row)]));
    },
  };
}

function counts(row: Row): PartnerCounts {
  return {
    partner: row.partner,
    delivered: Number(row.delivered),
    failed: Number(row.failed + row.rejected),
    dead_lettered: Number(row.dead_lettered),
    duplicates: Number(row.duplicates),
    circuit: row.circuit,
    ...(row.retry_at !== null && { retry_at: new Date(row.retry_at).toISOString() }),
    in_flight: Number(row.in_flight),
  };
}
