// How each partner has fared: counts, and the state of its circuit.
import type { PartnerId } from "#domain/ids.ts";
import { type Circuit, closedCircuit, evolveCircuit } from "#domain/partner/circuit.ts";
import { PARTNER_STREAM_PREFIX, type PartnerEvent } from "#domain/partner/events.ts";
import { type Known, knownEvents } from "../decoding.ts";
import type { Projection } from "../projection.ts";
import { table } from "../table.ts";

export interface PartnerRow {
  readonly partner: PartnerId;
  readonly delivered: bigint;
  readonly failed: bigint;
  readonly rejected: bigint;
  readonly dead_lettered: bigint;
  readonly duplicates: bigint;
  readonly in_flight: bigint;
  readonly held: bigint;
  /** Wait for a timer, not in a mailbox. */
  readonly delayed: bigint;
  readonly circuit: Circuit;
}

export const partnersModel = {
  name: "partners",
  version: 4,
  tables: [
    `create table partner (
      partner text primary key,
      delivered bigint not null,
      failed bigint not null,
      rejected bigint not null,
      dead_lettered bigint not null,
      duplicates bigint not null,
      in_flight bigint not null,
      held bigint not null,
      delayed bigint not null,
      circuit json not null
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
    held: "bigint",
    delayed: "bigint",
    circuit: "json",
  },
  ["partner"],
);

export function partnersProjection(): Projection {
  return {
    ...partnersModel,
    prefixes: [PARTNER_STREAM_PREFIX],
    async apply(target, stored) {
      const known = knownEvents(stored, target.onSkipped).filter(isAboutAPartner);
      const names = [...new Set(known.map(({ event }) => event.data.partner))];
      const before = new Map((await partners.find(target, names)).map((row) => [row.partner, row]));
      const changed = new Map<PartnerId, PartnerRow>();
      for (const { event, raw } of known) {
        const { partner } = event.data;
        const row = changed.get(partner) ?? before.get(partner) ?? untouched(partner);
        const circuit = circuitAfter(row.circuit, event);
        if (circuit === undefined) target.onSkipped(raw, "impossible");
        else changed.set(partner, { ...counted(waitedNoMore(row, event), event), circuit });
      }
      await partners.upsert(target, [...changed.values()]);
    },
  };
}

const isAboutAPartner = (one: Known): one is Known<PartnerEvent> =>
  one.raw.stream.startsWith(PARTNER_STREAM_PREFIX) && "partner" in one.event.data;

export const untouched = (partner: PartnerId): PartnerRow => ({
  partner,
  delivered: 0n,
  failed: 0n,
  rejected: 0n,
  dead_lettered: 0n,
  duplicates: 0n,
  in_flight: 0n,
  held: 0n,
  delayed: 0n,
  circuit: closedCircuit,
});

/** Undefined where it can't have happened: one odd event must not stop the counting of all others. */
function circuitAfter(circuit: Circuit, event: PartnerEvent): Circuit | undefined {
  try {
    return evolveCircuit(circuit, event);
  } catch {
    return undefined;
  }
}

/** It is no more where it waited until now. */
function waitedNoMore(row: PartnerRow, { data }: PartnerEvent): PartnerRow {
  const waited = "waited" in data ? data.waited : undefined;
  if (waited === undefined) return row;
  return waited === "held" ? { ...row, held: row.held - 1n } : { ...row, delayed: row.delayed - 1n };
}

function counted(row: PartnerRow, event: PartnerEvent): PartnerRow {
  switch (event.type) {
    case "DeliveryStarted":
      return { ...row, in_flight: row.in_flight + 1n };
    case "DeliverySucceeded":
      return { ...attemptEnded(row), delivered: row.delivered + 1n };
    case "DeliveryFailed":
      return {
        ...attemptEnded(row),
        failed: row.failed + 1n,
        delayed: row.delayed + (event.data.timer ? 1n : 0n),
      };
    case "DeliveryRejected":
      return { ...attemptEnded(row), rejected: row.rejected + 1n };
    case "DeliveryDuplicated": {
      const duplicated = { ...row, duplicates: row.duplicates + 1n };
      return event.data.timings === undefined ? duplicated : attemptEnded(duplicated);
    }
    case "DeliveryDeadLettered": {
      const dead = { ...row, dead_lettered: row.dead_lettered + 1n };
      // Where the event tells of an attempt, that attempt ended with it.
      return event.data.timings === undefined ? dead : { ...attemptEnded(dead), failed: dead.failed + 1n };
    }
    case "DeliveryHeld":
      return { ...row, held: row.held + 1n };
    case "DeliveryReturned":
      return { ...row, delivered: row.delivered - 1n };
    case "DeliveryReconciled":
      return event.data.outcome === "delivered"
        ? { ...row, delivered: row.delivered + 1n, dead_lettered: row.dead_lettered - 1n }
        : row;
    case "DeliveryPassedOn":
    case "CircuitOpened":
    case "CircuitHalfOpened":
    case "CircuitClosed":
      return row;
    case "PartnerRetired":
      return untouched(row.partner);
  }
}

const attemptEnded = (row: PartnerRow): PartnerRow => ({
  ...row,
  in_flight: row.in_flight > 0n ? row.in_flight - 1n : 0n,
});
