import { partitionOf } from "#domain/mail.ts";
import type { Bus } from "#platform/bus/bus.ts";
import { POSITION, positionIn } from "#platform/bus/positions.ts";
import { campaignMailbox, leadMailbox, partnerMailbox } from "#platform/bus/subjects.ts";
import type { Log } from "#platform/log.ts";
import type { Unfinished } from "#projections/unfinished/query.ts";

// How far each mailbox has acknowledged what the stream holds for it. See docs/decisions/0051.

/** Up to here nothing waits in a mailbox: all of it is acknowledged, or was never there. */
export interface Acknowledged {
  /** In the log. */
  readonly position: bigint;
  /** In the stream. */
  readonly seq: number;
}

interface Parts {
  readonly bus: Bus;
  readonly partitions: number;
  /** Everything up to here is in the stream, or was. */
  readonly stored: () => bigint;
  readonly log: Log;
}

export function mailboxName(one: Unfinished, partitions: number): string {
  switch (one.mailbox) {
    case "partner":
      return partnerMailbox(one.partner);
    case "campaign":
      return campaignMailbox(one.campaign);
    case "lead":
      return leadMailbox(partitionOf(one.submission_id, partitions));
  }
}

/** By mailbox name; a mailbox of which nothing certain is known now is left out. */
export async function acknowledgedIn(
  mailboxes: ReadonlySet<string>,
  parts: Parts,
): Promise<ReadonlyMap<string, Acknowledged>> {
  // Asked for before anything else, so that what comes in meanwhile is not taken for acknowledged.
  const stored = parts.stored();
  const dropped = await droppedFrom(parts.bus, stored);
  const all = new Map<string, Acknowledged>();
  for (const name of mailboxes) {
    const acknowledged = await acknowledgedBy(name, parts, stored, dropped);
    if (acknowledged !== undefined) all.set(name, acknowledged);
  }
  return all;
}

/** What the stream does not hold any more: all that lies before its oldest message. */
async function droppedFrom(bus: Bus, stored: bigint): Promise<Acknowledged> {
  const first = await bus.firstSeq();
  const oldest = await bus.messageAt(first);
  const position = oldest && positionIn(oldest, POSITION);
  // The stream is empty: whatever is unfinished up to here has to be published again.
  if (position === undefined) return { position: stored, seq: first - 1 };
  return { position: position - 1n, seq: first - 1 };
}

async function acknowledgedBy(
  mailbox: string,
  { bus, log }: Parts,
  stored: bigint,
  dropped: Acknowledged,
): Promise<Acknowledged | undefined> {
  const state = await bus.consumerState(mailbox);
  // A mailbox that nobody has opened yet will get all that the stream has.
  if (state === undefined) return dropped;
  const last = await bus.lastMessage();
  if (state.deliveredSeq > (last?.seq ?? state.deliveredSeq)) {
    const { deliveredSeq } = state;
    log.warn({ mailbox, deliveredSeq, lastSeq: last?.seq }, "consumer is ahead of its stream and is deleted");
    // The stream lost its tail and counts its numbers anew: this consumer would pass over all of them.
    await bus.deleteMailbox(mailbox);
    return undefined;
  }
  if (state.pending === 0 && state.ackPending === 0)
    return { position: stored, seq: Number.MAX_SAFE_INTEGER };
  const floor = state.ackFloorSeq > 0 ? await bus.messageAt(state.ackFloorSeq) : undefined;
  const position = floor && positionIn(floor, POSITION);
  return position === undefined ? dropped : { position, seq: state.ackFloorSeq };
}
