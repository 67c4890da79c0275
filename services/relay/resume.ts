import type { Bus } from "#platform/bus/bus.ts";
import { positionIn, RESUME } from "#platform/bus/positions.ts";
import { unpackEvent } from "#platform/event-store/event-mail.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { Log } from "#platform/log.ts";
import type { UnfinishedQueries } from "#projections/unfinished/query.ts";

export interface Start {
  /** Events after this position are to be published. */
  readonly from: bigint;
  readonly emptyStream: boolean;
}

export interface ResumeParts {
  readonly bus: Bus;
  readonly eventStore: EventStore;
  readonly unfinished: UnfinishedQueries;
  readonly log: Log;
}

/**
 * The stream's last message says where to resume, so a tail that JetStream lost is published again and no checkpoint of our own
 * can run ahead of the stream. An empty stream knows nothing: then the list of what is unfinished says how far it reaches, and
 * everything unfinished before that is the reconciler's. A stream of another log than ours is emptied. See docs/decisions/0092.
 */
export async function whereToStart(parts: ResumeParts): Promise<Start> {
  const { bus, eventStore, unfinished, log } = parts;
  const last = await bus.lastMessage();
  const head = await eventStore.head();
  const from = last && (positionIn(last, RESUME) ?? 0n);
  if (last !== undefined && from !== undefined) {
    if (from <= head && (await isInLog(last.data, eventStore))) return { from, emptyStream: false };
    log.error(
      { published: from, head },
      "log ends before what was published from it, so it was restored from an older copy: mailboxes are emptied and made anew",
    );
    await bus.purge();
  }
  const checkpoint = await unfinished.checkpoint();
  if (checkpoint > head)
    throw new Error(
      "the list of unfinished submissions is ahead of the log; the relay waits until a process with the role projections has rebuilt it",
    );
  return { from: checkpoint, emptyStream: true };
}

/** Whether the event of a message stands where the message says. A message of the relay's position alone holds none. */
async function isInLog(message: Uint8Array, eventStore: EventStore): Promise<boolean> {
  if (message.length === 0) return true;
  const { id, stream, revision } = unpackEvent(message);
  const [stored] = await eventStore.readStream(stream, { from: revision, maxCount: 1 });
  return stored?.id === id;
}
