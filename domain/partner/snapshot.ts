import { z } from "zod";
import { DeliveryId, SubmissionId } from "../ids.ts";
import { CapUse } from "./cap-use.ts";
import { type Circuit, circuitStates } from "./circuit.ts";
import { SentFor } from "./events.ts";
import { type PastHeld, pastHeld } from "./past.ts";
import { type DeliveryInDoubt, newPartner, type OpenDelivery, type PartnerState } from "./state.ts";

// A partner's state, written down: what is open, the circuit and the counts. What has ended goes into the index instead (past.ts).

/** Raised with every change of what is written, and of what the events before it mean for a state. */
export const SNAPSHOT_FORMAT = 1;

/** A state as it was at one moment, whatever happens to it later. */
export interface StateCopy {
  readonly circuit: Circuit;
  readonly use: UsedCaps;
  readonly open: readonly (readonly [DeliveryId, OpenDelivery])[];
  readonly held: readonly DeliveryId[];
  readonly inDoubt: readonly (readonly [DeliveryId, DeliveryInDoubt])[];
  readonly past: PastHeld;
}

/** Takes no longer than copying references: each open delivery is replaced, never changed. */
export function copyState(state: PartnerState): StateCopy {
  const { circuit, use, open, held, inDoubt } = state;
  return {
    circuit,
    use: {
      total: use.total,
      since: Number.isFinite(use.since) ? use.since : null,
      quarters: [...use.quarters],
    },
    open: [...open],
    held: [...held],
    inDoubt: [...inDoubt],
    past: pastHeld(state),
  };
}

const Count = z.int();
const UsedCaps = z.object({
  total: Count,
  since: Count.nullable(),
  quarters: z.array(z.tuple([z.int(), Count])),
});
type UsedCaps = z.infer<typeof UsedCaps>;

const Head = z.object({
  circuit: z.object({
    state: z.enum(circuitStates),
    failures: z.int(),
    until: z.number(),
    probe: DeliveryId.optional(),
  }),
  use: UsedCaps,
  retirements: z.int(),
});

const STAGES = ["calling", "waiting", "held"] as const;

/** As short as it can be: a hundred thousand may be held. Only what a campaign sends has a last one. */
const OpenRow = z.tuple([
  DeliveryId,
  SubmissionId,
  z.enum(STAGES),
  z.string().nullable(),
  z.int(),
  z.int(),
  z.number(),
  z.number(),
  z.boolean(),
  z.boolean(),
  SentFor.optional(),
]);
type OpenRow = z.infer<typeof OpenRow>;

const DoubtRow = z.tuple([DeliveryId, z.string().nullable(), z.number()]);

/** So many lines are read and written in one turn. */
const CHUNK = 1_000;

/** JSON lines, in pieces that each take a moment to make. */
export function* snapshotPieces({ circuit, use, open, held, inDoubt, past }: StateCopy): Generator<string> {
  const head: z.infer<typeof Head> = {
    circuit: { ...circuit, probe: circuit.probe },
    use,
    retirements: past.retirements,
  };
  yield `${JSON.stringify(head)}\n`;
  for (let from = 0; from < open.length; from += CHUNK)
    yield `${JSON.stringify({ open: open.slice(from, from + CHUNK).map(rowOf) })}\n`;
  for (let from = 0; from < held.length; from += CHUNK)
    yield `${JSON.stringify({ held: held.slice(from, from + CHUNK) })}\n`;
  const doubts = inDoubt.map(
    ([id, one]): z.infer<typeof DoubtRow> => [id, one.dedupe_key ?? null, one.started_at],
  );
  for (let from = 0; from < doubts.length; from += CHUNK)
    yield `${JSON.stringify({ in_doubt: doubts.slice(from, from + CHUNK) })}\n`;
}

function rowOf([id, one]: readonly [DeliveryId, OpenDelivery]): OpenRow {
  const { submission_id, stage, dedupe_key, attempts, interrupted } = one;
  const { started_at, retry_at, timer, in_doubt, sent_for } = one;
  const key = dedupe_key ?? null;
  const counts = [attempts, interrupted, started_at, retry_at] as const;
  const row = [id, submission_id, stage, key, ...counts, timer, in_doubt] as const;
  return sent_for === undefined ? [...row] : [...row, sent_for];
}

const Piece = z.union([
  z.strictObject({ open: z.array(OpenRow) }),
  z.strictObject({ held: z.array(DeliveryId) }),
  z.strictObject({ in_doubt: z.array(DoubtRow) }),
]);

/** Throws where it is none. `upTo`: the last event that is in it. */
export function stateOfSnapshot(text: string, upTo: bigint): PartnerState {
  const [first = "", ...pieces] = text.trimEnd().split("\n");
  const { circuit, use, retirements } = Head.parse(JSON.parse(first));
  const state = newPartner();
  state.pastUpTo = upTo;
  state.circuit = { ...circuit, probe: circuit.probe };
  state.retirements = retirements;
  state.use = CapUse.of(use.total, use.since ?? Number.POSITIVE_INFINITY, use.quarters);
  for (const line of pieces) {
    const piece = Piece.parse(JSON.parse(line));
    if ("open" in piece) for (const row of piece.open) open(state, row);
    else if ("held" in piece) for (const id of piece.held) state.held.add(id);
    else
      for (const [id, key, started_at] of piece.in_doubt)
        state.inDoubt.set(id, { dedupe_key: key ?? undefined, started_at });
  }
  return state;
}

function open(state: PartnerState, row: OpenRow): void {
  const [id, submission_id, stage, key, attempts, interrupted, ...waits] = row;
  const [started_at, retry_at, timer, in_doubt, sent_for] = waits;
  const dedupe_key = key ?? undefined;
  state.open.set(id, {
    submission_id,
    ...(sent_for !== undefined && { sent_for }),
    stage,
    dedupe_key,
    attempts,
    interrupted,
    started_at,
    retry_at,
    timer,
    in_doubt,
  });
  if (dedupe_key !== undefined) state.inFlight.set(dedupe_key, id);
}
