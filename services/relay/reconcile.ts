import type { PartnerId, SubmissionId } from "#domain/ids.ts";
import { partitionOf } from "#domain/mail.ts";
import type { Bus } from "#platform/bus/bus.ts";
import { leadSubject, partnerSubject } from "#platform/bus/subjects.ts";
import { packEvent } from "#platform/event-store/event-mail.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { Log } from "#platform/log.ts";
import type { Unfinished, UnfinishedQueries } from "#projections/unfinished/query.ts";
import { type Floor, floorsOf, mailboxName } from "./floor.ts";
import { POSITION, RESUME } from "./publish.ts";

// JetStream may forget: its state is not synced on every write, retention passes, a folder is wiped. What the log says is
// unfinished, and what no mailbox has waiting, is mailed again.

export interface ReconcilerParts {
  readonly bus: Bus;
  readonly eventStore: EventStore;
  readonly unfinished: UnfinishedQueries;
  readonly partitions: number;
  readonly log: Log;
  /** Everything up to here is in the stream, or was. */
  readonly stored: () => bigint;
}

export interface Reconciler {
  /** Looks at one page of what is unfinished; the number of events mailed again. */
  round(now: Date): Promise<number>;
}

interface Again {
  readonly times: number;
  readonly seq: number;
  readonly notBefore: number;
}

const PAGE = 2_000;
/** Somebody may just be at it, and the list runs a little behind the log. */
const GRACE_MS = 10_000;
const FIRST_WAIT_MS = 10_000;
const LONGEST_WAIT_MS = 10 * 60_000;
/** What was settled meanwhile is not asked for again, so its memory is dropped after this long. */
const FORGET_AFTER_MS = 2 * LONGEST_WAIT_MS;

export function createReconciler(parts: ReconcilerParts): Reconciler {
  const { unfinished, log } = parts;
  const mailedAgain = new Map<string, Again>();
  const startedAt = parts.stored();
  let seenUpTo = 0n;

  return {
    async round(now) {
      // What was owed before this relay's start was mailed by nobody of now: it needs no grace.
      const listed = await unfinished.list({ olderThan: now, limit: PAGE, after: seenUpTo });
      seenUpTo = listed.length < PAGE ? 0n : (listed.at(-1)?.position ?? 0n);
      const due = listed.filter(
        ({ position, since }) => position <= startedAt || since.getTime() < now.getTime() - GRACE_MS,
      );
      if (due.length === 0) return 0;

      const floors = await floorsOf(due, parts);
      const forgotten = due.filter((owed) => isForgotten(owed, floors, now));
      for (const owed of forgotten) await mailAgain(owed, now);
      if (forgotten.length > 0) log.warn({ events: forgotten.length }, "mailed again what was forgotten");
      for (const [key, { notBefore }] of mailedAgain) {
        if (notBefore + FORGET_AFTER_MS < now.getTime()) mailedAgain.delete(key);
      }
      return forgotten.length;
    },
  };

  function isForgotten(owed: Unfinished, floors: ReadonlyMap<string, Floor>, now: Date): boolean {
    const floor = floors.get(mailboxName(owed, parts.partitions));
    if (floor === undefined) return false;
    const again = mailedAgain.get(keyOf(owed));
    if (again === undefined) return owed.position <= floor.position;
    return again.seq <= floor.seq && again.notBefore <= now.getTime();
  }

  async function mailAgain(owed: Unfinished, now: Date): Promise<void> {
    const [event] = await parts.eventStore.readStream(owed.stream, { from: owed.revision, maxCount: 1 });
    if (event === undefined) return;
    const times = (mailedAgain.get(keyOf(owed))?.times ?? 0) + 1;
    // Out of its place in the stream, so it stands for the place where it is put.
    const stored = `${parts.stored()}`;
    const { seq } = await parts.bus.publish(subjectOf(owed, event.type), packEvent(event), {
      id: `${event.id}:again:${times}`,
      headers: { [POSITION]: stored, [RESUME]: stored },
    });
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(times - 1, 10));
    mailedAgain.set(keyOf(owed), { times, seq, notBefore: now.getTime() + wait });
  }

  function subjectOf(owed: Unfinished, type: string): string {
    if (owed.mailbox === "partner") return partnerSubject(owed.partner as PartnerId, type);
    return leadSubject(partitionOf(owed.submission_id as SubmissionId, parts.partitions), type);
  }
}

const keyOf = ({ stream, revision }: Unfinished): string => `${stream}@${revision}`;
