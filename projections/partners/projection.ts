// How each partner has fared: counts, and the state of its circuit.
import { PARTNER_STREAM_PREFIX, type PartnerEvent, partnerEvents } from "#domain/partner/events.ts";
import type { Queryable } from "#platform/database.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import { knownEvents, type OnSkipped } from "../decoding.ts";
import type { Projection } from "../projection.ts";
import { table } from "../table.ts";

export interface PartnerRow {
  readonly partner: string;
  readonly delivered: bigint;
  readonly failed: bigint;
  readonly rejected: bigint;
  readonly dead_lettered: bigint;
  readonly duplicates: bigint;
  readonly in_flight: bigint;
  readonly circuit: "closed" | "open" | "half_open";
  readonly retry_at: string | null;
}

export const partnersModel = {
  name: "partners",
  version: 1,
  tables: [
    `create table partner (
      partner text primary key,
      delivered bigint not null,
      failed bigint not null,
      rejected bigint not null,
      dead_lettered bigint not null,
      duplicates bigint not null,
      in_flight bigint not null,
      circuit text not null,
      retry_at timestamptz
    )`,
  ],
} as const;

const partners = table<PartnerRow>(
  "partner",
  {
    partner: "text",
    delivered: "bigint",
    failed: "bigint",
    rejected: "bigint",
    dead_lettered: "bigint",
    duplicates: "bigint",
    in_flight: "bigint",
    circuit: "text",
    retry_at: "timestamptz",
  },
  ["partner"],
);

export function partnersProjection({ onSkipped }: { readonly onSkipped: OnSkipped }): Projection {
  const codec = createCodec(partnerEvents);
  return {
    ...partnersModel,
    prefixes: [PARTNER_STREAM_PREFIX],
    async apply(transaction, stored) {
      const known = knownEvents(codec, stored, onSkipped);
      const rows = await rowsBefore(transaction, new Set(known.map(({ event }) => event.data.partner)));
      for (const { event } of known) {
        const { partner } = event.data;
        rows.set(partner, evolve(rows.get(partner) ?? nothingYet(partner), event));
      }
      await partners.upsert(transaction, [...rows.values()]);
    },
  };
}

async function rowsBefore(
  transaction: Queryable,
  names: ReadonlySet<string>,
): Promise<Map<string, PartnerRow>> {
  if (names.size === 0) return new Map();
  const rows = await transaction.query<PartnerRow>("select * from partner where partner = any($1::text[])", [
    [...names],
  ]);
  return new Map(rows.map((row) => [row.partner, row]));
}

export const nothingYet = (partner: string): PartnerRow => ({
  partner,
  delivered: 0n,
  failed: 0n,
  rejected: 0n,
  dead_lettered: 0n,
  duplicates: 0n,
  in_flight: 0n,
  circuit: "closed",
  retry_at: null,
});

function evolve(row: PartnerRow, event: PartnerEvent): PartnerRow {
  switch (event.type) {
    case "DeliveryStarted":
      return { ...row, in_flight: row.in_flight + 1n };
    case "DeliverySucceeded":
      return { ...answered(row), delivered: row.delivered + 1n };
    case "DeliveryFailed":
      return { ...answered(row), failed: row.failed + 1n };
    case "DeliveryRejected":
      return { ...answered(row), rejected: row.rejected + 1n };
    case "DeliveryDuplicated": {
      const counted = { ...row, duplicates: row.duplicates + 1n };
      return event.data.timings === undefined ? counted : answered(counted);
    }
    case "DeliveryDeadLettered": {
      const counted = { ...row, dead_lettered: row.dead_lettered + 1n };
      // Its last attempt ended with it, if the letter tells of one.
      return event.data.timings === undefined
        ? counted
        : { ...answered(counted), failed: counted.failed + 1n };
    }
    case "DeliveryHeld":
      return row;
    case "CircuitOpened":
      return { ...row, circuit: "open", retry_at: event.data.until };
    case "CircuitHalfOpened":
      return { ...row, circuit: "half_open", retry_at: null };
    case "CircuitClosed":
      return { ...row, circuit: "closed", retry_at: null };
    case "PartnerRetired":
      return nothingYet(row.partner);
  }
}

const answered = (row: PartnerRow): PartnerRow => ({
  ...row,
  in_flight: row.in_flight > 0n ? row.in_flight - 1n : 0n,
});
