import { partitionOf } from "#domain/mail.ts";
import { type Bus, BusError } from "#platform/bus/bus.ts";
import { POSITION, RESUME } from "#platform/bus/positions.ts";
import { campaignSubject, leadSubject, partnerSubject } from "#platform/bus/subjects.ts";
import { EventStoreUnavailable } from "#platform/event-store/errors.ts";
import { packEvent } from "#platform/event-store/event-mail.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { Log } from "#platform/log.ts";
import type { MailSignature } from "#platform/mail-signature.ts";
import type { Unfinished, UnfinishedQueries } from "#projections/unfinished/query.ts";
import { type Acknowledged, acknowledgedIn, mailboxName } from "./acknowledged.ts";

// JetStream may forget: its state is not synced on every write, retention passes, a folder is wiped. What the log says is
// unfinished, and what waits in no mailbox, is published again.

export interface ReconcilerParts {
  readonly bus: Bus;
  readonly eventStore: EventStore;
  readonly unfinished: UnfinishedQueries;
  readonly partitions: number;
  readonly signature: MailSignature;
  readonly log: Log;
  /** Everything up to here is in the stream, or was. */
  readonly stored: () => bigint;
}

export interface Reconciler {
  /** Looks at one page of what is unfinished; the number of events published again. */
  round(now: Date): Promise<number>;
}

interface Republished {
  readonly times: number;
  /** The newest message of it. */
  readonly seq: number;
  readonly notBefore: number;
}

const PAGE = 2_000;
/** Somebody may just be at it, and the list runs a little behind the log. */
const GRACE_MS = 10_000;
const BACKOFF = { baseMs: 10_000, maxMs: 10 * 60_000 };
/** What was finished meanwhile is not asked for again, so its memory is dropped after this long. */
const FORGET_AFTER_MS = 2 * BACKOFF.maxMs;

export function createReconciler(parts: ReconcilerParts): Reconciler {
  const { unfinished, log } = parts;
  const republished = new Map<string, Republished>();
  const startedAt = parts.stored();
  let seenUpTo = 0n;

  return {
    async round(now) {
      // What was unfinished before this relay's start was published by another one: it needs no grace.
      const listed = await unfinished.list({ olderThan: now, limit: PAGE, after: seenUpTo });
      seenUpTo = listed.length < PAGE ? 0n : (listed.at(-1)?.position ?? 0n);
      const due = listed.filter(
        ({ position, since }) => position <= startedAt || since.getTime() < now.getTime() - GRACE_MS,
      );
      if (due.length === 0) return 0;

      const mailboxes = new Set(due.map((one) => mailboxName(one, parts.partitions)));
      const acknowledged = await acknowledgedIn(mailboxes, parts);
      const forgotten = due.filter((one) => isForgotten(one, acknowledged, now));
      let count = 0;
      for (const one of forgotten) if (await publishAgain(one, now)) count += 1;
      if (count > 0) log.warn({ events: count }, "forgotten events published again");
      for (const [key, { notBefore }] of republished) {
        if (notBefore + FORGET_AFTER_MS < now.getTime()) republished.delete(key);
      }
      return count;
    },
  };

  function isForgotten(one: Unfinished, acknowledged: ReadonlyMap<string, Acknowledged>, now: Date): boolean {
    const upTo = acknowledged.get(mailboxName(one, parts.partitions));
    if (upTo === undefined) return false;
    const before = republished.get(keyOf(one));
    if (before === undefined) return one.position <= upTo.position;
    return before.seq <= upTo.seq && before.notBefore <= now.getTime();
  }

  /**
   * Whether it was. One that can't be published must not keep those behind it from being published; where nothing can be, the round
   * ends.
   */
  async function publishAgain(one: Unfinished, now: Date): Promise<boolean> {
    const times = (republished.get(keyOf(one))?.times ?? 0) + 1;
    let seq: number | undefined;
    try {
      seq = await republish(one, times);
    } catch (error) {
      if (isAway(error)) throw error;
      log.error({ err: error, stream: one.stream, revision: one.revision }, "event not published again");
    }
    const waitMs = Math.min(BACKOFF.maxMs, BACKOFF.baseMs * 2 ** Math.min(times - 1, 10));
    republished.set(keyOf(one), { times, seq: seq ?? 0, notBefore: now.getTime() + waitMs });
    return seq !== undefined;
  }

  /** Its number in the stream; undefined where the log does not have it. */
  async function republish(one: Unfinished, times: number): Promise<number | undefined> {
    const [event] = await parts.eventStore.readStream(one.stream, { from: one.revision, maxCount: 1 });
    if (event === undefined) return undefined;
    // Out of its place in the stream, so it stands for the place where it is put.
    const stored = `${parts.stored()}`;
    const message = packEvent(event);
    const { header, sign } = parts.signature;
    const { seq } = await parts.bus.publish(subjectOf(one, event.type), message, {
      id: `${event.id}:again:${times}`,
      headers: { [POSITION]: stored, [RESUME]: stored, [header]: sign(message) },
    });
    return seq;
  }

  function subjectOf(one: Unfinished, type: string): string {
    if (one.mailbox === "partner") return partnerSubject(one.partner, type);
    if (one.mailbox === "campaign") return campaignSubject(one.campaign, type);
    return leadSubject(partitionOf(one.submission_id, parts.partitions), type);
  }
}

const isAway = (error: unknown): boolean =>
  error instanceof EventStoreUnavailable || (error instanceof BusError && error.reason !== "rejected");

const keyOf = ({ stream, revision }: Unfinished): string => `${stream}@${revision}`;
