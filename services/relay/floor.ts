import type { PartnerId, SubmissionId } from "#domain/ids.ts";
import { partitionOf } from "#domain/mail.ts";
import type { Bus } from "#platform/bus/bus.ts";
import { leadMailbox, partnerMailbox } from "#platform/bus/subjects.ts";
import type { Log } from "#platform/log.ts";
import type { Unfinished } from "#projections/unfinished/query.ts";
import { POSITION, positionIn } from "./publish.ts";

/** Up to here a mailbox has nothing waiting: all of it is answered, or was never there. */
export interface Floor {
  /** In the log. */
  readonly position: bigint;
  /** In the stream. */
  readonly seq: number;
}

interface FloorParts {
  readonly bus: Bus;
  readonly partitions: number;
  readonly stored: () => bigint;
  readonly log: Log;
}

export function mailboxName(owed: Unfinished, partitions: number): string {
  return owed.mailbox === "partner"
    ? partnerMailbox(owed.partner as PartnerId)
    : leadMailbox(partitionOf(owed.submission_id as SubmissionId, partitions));
}

/** By mailbox name; a mailbox of which nothing certain is known now is left out. */
export async function floorsOf(
  rows: readonly Unfinished[],
  parts: FloorParts,
): Promise<ReadonlyMap<string, Floor>> {
  // Asked for before anything else, so that what comes in meanwhile is not taken for answered.
  const stored = parts.stored();
  const bottom = await bottomOf(parts.bus, stored);
  const floors = new Map<string, Floor>();
  for (const name of new Set(rows.map((row) => mailboxName(row, parts.partitions)))) {
    const floor = await floorOf(name, parts, stored, bottom);
    if (floor !== undefined) floors.set(name, floor);
  }
  return floors;
}

/** What lies before the oldest message that the stream still has. */
async function bottomOf(bus: Bus, stored: bigint): Promise<Floor> {
  const first = await bus.firstSeq();
  const oldest = await bus.messageAt(first);
  const position = oldest && positionIn(oldest, POSITION);
  // Nothing in the stream: whatever is owed up to here has to be mailed again.
  if (position === undefined) return { position: stored, seq: first - 1 };
  return { position: position - 1n, seq: first - 1 };
}

async function floorOf(
  name: string,
  { bus, log }: FloorParts,
  stored: bigint,
  bottom: Floor,
): Promise<Floor | undefined> {
  const state = await bus.consumerState(name);
  // A mailbox that nobody has opened yet will get all that the stream has.
  if (state === undefined) return bottom;
  const last = await bus.lastMessage();
  if (state.deliveredSeq > (last?.seq ?? state.deliveredSeq)) {
    log.warn({ mailbox: name, deliveredSeq: state.deliveredSeq, lastSeq: last?.seq }, "ahead of its stream");
    // The stream lost its tail and counts its numbers anew: this consumer would pass over all of them.
    await bus.deleteMailbox(name);
    return undefined;
  }
  if (state.pending === 0 && state.ackPending === 0)
    return { position: stored, seq: Number.MAX_SAFE_INTEGER };
  const floor = state.ackFloorSeq > 0 ? await bus.messageAt(state.ackFloorSeq) : undefined;
  const position = floor && positionIn(floor, POSITION);
  return position === undefined ? bottom : { position, seq: state.ackFloorSeq };
}
