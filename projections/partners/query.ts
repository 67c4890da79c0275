// How each partner has fared so far.
import type { PartnerId } from "#domain/ids.ts";
import type { CircuitState } from "#domain/partner/circuit.ts";
import type { Database } from "#platform/database.ts";
import { preparedOnce } from "../checkpoint.ts";
import { type PositionWatch, positionWatch } from "../reached.ts";
import { type PartnerRow, partnersModel, untouched } from "./projection.ts";

export interface PartnerCounts {
  readonly partner: string;
  readonly delivered: number;
  /** Attempts that did not succeed, whether the partner failed or declined. */
  readonly failed: number;
  readonly dead_lettered: number;
  readonly duplicates: number;
  readonly circuit: CircuitState;
  /** When an open circuit lets a probe through. */
  readonly retry_at?: string;
  /** Attempts that were begun and have not ended. */
  readonly in_flight: number;
  /** By caps or schedule. */
  readonly held: number;
  /** Wait for a time that is more than a minute away. */
  readonly delayed: number;
}

export interface PartnerQueries extends PositionWatch {
  /** A partner that nothing was ever sent to has counts of 0 and a closed circuit. */
  byId(partner: PartnerId): Promise<PartnerCounts>;
  all(): Promise<ReadonlyMap<string, PartnerCounts>>;
}

export function createPartnerQueries({ database }: { readonly database: Database }): PartnerQueries {
  const ready = preparedOnce(database, partnersModel);
  const watch = positionWatch(database, partnersModel.name);
  return {
    async byId(partner) {
      await ready();
      const [row] = await database.query<PartnerRow>("select * from partners.partner where partner = $1", [
        partner,
      ]);
      return counts(row ?? untouched(partner));
    },
    async all() {
      await ready();
      const rows = await database.query<PartnerRow>("select * from partners.partner");
      return new Map(rows.map((row) => [row.partner, counts(row)]));
    },
    position: () => ready().then(watch.position),
    reached: (position, timeoutMs) => ready().then(() => watch.reached(position, timeoutMs)),
  };
}

function counts({ circuit, ...row }: PartnerRow): PartnerCounts {
  return {
    partner: row.partner,
    delivered: Number(row.delivered),
    failed: Number(row.failed + row.rejected),
    dead_lettered: Number(row.dead_lettered),
    duplicates: Number(row.duplicates),
    circuit: circuit.state,
    ...(circuit.state === "open" && { retry_at: new Date(circuit.until).toISOString() }),
    in_flight: Number(row.in_flight),
    held: Number(row.held),
    delayed: Number(row.delayed),
  };
}
